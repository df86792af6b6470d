"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from accounts.views import remember_language
from core import health

handler400 = "core.views.bad_request"

urlpatterns = [
    path("", include("epi_site.pages.urls")),
    path("account/", include("accounts.urls")),
    path("account/", include("accounts.doors")),
    path("", include("cities.urls")),
    path("", include("strategies.urls")),
    path("", include("evaluation.urls")),
    path("", include("training.urls")),
    path("dashboards/", include("dashboards.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", remember_language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
