"""URLs of reports; included by ``evaluation.urls``."""

from django.urls import path

from .views import reports, verify

urlpatterns = [
    path("reports/", reports.ReportList.as_view(), name="report_list"),
    path("reports/issue/", reports.ReportIssue.as_view(), name="report_issue"),
    path("reports/<str:number>/", reports.ReportDetail.as_view(), name="report_detail"),
    path("reports/<str:number>/state/", reports.ReportState.as_view(), name="report_state"),
    path("reports/<str:number>/retry/", reports.ReportRetry.as_view(), name="report_retry"),
    path("reports/<str:number>/<str:name>", reports.ReportFileView.as_view(), name="report_file"),
    path("verify/", verify.Verify.as_view(), name="verify"),
]
