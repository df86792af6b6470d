"""The root URL configuration."""

from django.contrib import admin
from django.urls import include, path

from epi_site.accounts.views import remember_language
from epi_site.shared import health

handler400 = "epi_site.shared.views.bad_request"

urlpatterns = [
    path("", include("epi_site.pages.urls")),
    path("account/", include("epi_site.accounts.urls")),
    path("account/", include("epi_site.accounts.doors")),
    path("", include("cities.urls")),
    path("", include("strategies.urls")),
    path("", include("evaluation.urls")),
    path("", include("training.urls")),
    path("dashboards/", include("epi_site.dashboards.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", remember_language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
