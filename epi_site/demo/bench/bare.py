"""A bare Django view that renders the site's static page."""

from django.shortcuts import render
from django.urls import include, path


def bare(request):
    return render(request, "pages/privacy.html", {"site": {"network_name": "Network"}})


urlpatterns = [path("bare/", bare), path("", include("epi_site.urls"))]  # the template names the site's pages
