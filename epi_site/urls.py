"""The root URL configuration."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts.views import remember_language
from core import form_views, health, redaction_views

handler400 = "core.views.errors.bad_request"
handler403 = "core.views.errors.permission_denied"
handler404 = "core.views.errors.page_not_found"
handler429 = "core.views.errors.too_many_requests"
handler500 = "core.views.errors.server_error"

MOVED_ADMIN_PAGES = {  # of the release before: address under /admin/ > the one of today
    "strategies/pilotphase": "pilot/pilotphase",
    "evaluation/reportschedule": "reports/reportschedule",
}

urlpatterns = [
    *(
        re_path(rf"^admin/{old}/(?P<rest>.*)$", RedirectView.as_view(url=f"/admin/{new}/%(rest)s", query_string=True))
        for old, new in MOVED_ADMIN_PAGES.items()
    ),
    path("", include("epi_site.pages.urls")),
    path("account/", include("accounts.urls")),
    path("account/", include("accounts.allauth_urls")),
    path("", include("cities.urls")),
    path("", include("strategies.urls")),
    path("", include("pilot.urls")),
    path("", include("evaluation.urls")),
    path("", include("reports.urls")),
    path("", include("training.urls")),
    path("dashboards/", include("dashboards.urls")),
    path("admin/", admin.site.urls),
    path("forms/draft/", form_views.DraftSave.as_view(), name="form_draft"),
    path("forms/<uuid:pk>/", form_views.FormInputPage.as_view(), name="form_input"),
    path("redaction/", redaction_views.RedactionList.as_view(), name="redaction_list"),
    path("redaction/<uuid:uuid>/", redaction_views.RedactionOfRecord.as_view(), name="redaction_record"),
    path("i18n/setlang/", remember_language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
