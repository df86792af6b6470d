"""Issued reports: list, detail, files, issue, retry."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from core.available import available_actions
from core.columns import Column
from core.exceptions import HashMismatch
from core.locales import current_locale, number
from core.redaction import redacted_at
from core.views import ActionView, DetailPage, JobPanel, JobState, ListPage, ObjectMixin, ServiceFormView, may
from reports.documents.glyphs import by_script
from reports.documents.presenters import present_sections
from reports.documents.render import missing_characters
from reports.enums import ReportState as States
from reports.filters import ReportFilter
from reports.forms import IssueForm
from reports.models import Report, ReportFile
from reports.selectors.issued import reportable_periods
from reports.services import reports
from strategies.models import PeriodRevision
from strategies.selectors.corrections import correction_sentence

MAX_NAMED = 20  # characters of a script in a message
FILE_KINDS = {"application/pdf": "PDF", "text/html": "HTML", "application/json": "JSON"}


def file_links(report: Report) -> list[dict]:
    if report.is_withdrawn:
        return []
    return [
        {"name": file.name, "kind": FILE_KINDS[file.content_type], "size": file.size} for file in report.files.all()
    ]


class ReportList(LoginRequiredMixin, ListPage):
    template_name = "reports/report_list.html"
    filter_class = ReportFilter
    export_name = "reports"
    columns = [
        Column("report", gettext_lazy("Report"), "number", order_by=["number"]),
        Column(
            "subject",
            pgettext_lazy("report", "Subject"),
            lambda report: report.city or _("The whole network"),
            order_by=["city"],
        ),
        Column("period", gettext_lazy("Period"), order_by=["period__starts_on"]),
        Column("issued", gettext_lazy("Issued"), "issued_at", order_by=["issued_at"]),
        Column("state", gettext_lazy("Status"), lambda report: report.get_state_display(), order_by=["state"]),
        Column("files", gettext_lazy("Files"), is_exported=False),
    ]

    def get_list_rows(self):
        return Report.objects.visible_to(self.request.user).for_list_page()

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        shown = context["paginator"].count
        return context | {
            "count": ngettext("%(n)s report", "%(n)s reports", shown) % {"n": number(shown)},
            "may_issue": may(self.request.user, "reports.issue_report"),
            "panels": [(report, report_panel(report, self.request.user)) for report in context["object_list"]],
            "trail": [(_("Home"), reverse("pages:home")), (_("Reports"), "")],
        }


def report_panel(report: Report, user: Any) -> JobPanel:
    """Return the panel of the report's files. ``report`` is visible to the user."""
    may_retry, failure = bool(available_actions(report, user, is_found=True)["retry"]), ""
    if report.state == States.FAILED and may_retry:
        failure = _("The files could not be created. Error: %(reason)s") % {"reason": report.reason}
    elif report.state == States.FAILED:
        failure = _(
            "The files could not be created. The coordinators can see why and try again. You can read the report "
            "itself here."
        )
    return JobPanel(
        report,
        name=report.number,
        state_url=reverse("reports:report_state", args=[report.number]),
        progress=_("%(number)s is being created") % {"number": report.number},
        failure=failure,
        retry_url=reverse("reports:report_retry", args=[report.number]) if may_retry else "",
        retry_label=_("Try again"),
    )


class ReportMixin(ObjectMixin):
    name = "report"
    rows = Report.objects.select_related("city", "period")
    key = "number"


class ReportDetail(ReportMixin, DetailPage):
    template_name = "reports/report_detail.html"

    def other_language(self) -> str:
        """Return the name of the report's language if it differs from the page's, else ""."""
        written = self.row.language
        return "" if written == get_language() else current_locale().languages[written]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        try:
            contents = self.row.contents
        except HashMismatch as error:
            context["broken"], contents = str(error), None
        return context | {
            "contents": contents,
            "redacted_at": redacted_at(self.row.sha256),
            "sections": contents and present_sections(contents["document"]),
            "files": file_links(self.row),
            "missing_scripts": by_script(self.row.replaced_characters),
            "other_language": self.other_language(),
            "correction": correction_sentence(
                self.row.period_revision_id, PeriodRevision.objects.visible_to(self.request.user)
            ),
            "newer": Report.objects.newer_than(self.row).visible_to(self.request.user).first(),
            "job": report_panel(self.row, self.user),
            "trail": [
                (_("Home"), reverse("pages:home")),
                (_("Reports"), reverse("reports:report_list")),
                (self.row.number, ""),
            ],
        }


class ReportState(ReportMixin, JobState):
    def get_panel(self, job):
        panel = report_panel(job, self.user)
        if job.state != States.READY:
            return panel
        return replace(panel, result_url=job.get_absolute_url(), result_label=_("Show the files"))


class ReportFileView(ReportMixin):
    """Serve the stored bytes after comparing their hash. Always as a download, so HTML never runs on this site."""

    def get(self, request, number, name):
        if self.row.is_withdrawn:
            messages.error(request, _("This report has been withdrawn, and its files have been deleted."))
            return redirect("reports:report_detail", number)
        file = get_object_or_404(ReportFile, report=self.row, name=name)
        try:
            content = file.verified_content
        except HashMismatch as error:
            messages.error(request, str(error))
            return redirect("reports:report_detail", number)
        response = HttpResponse(content, content_type=file.content_type)
        response["Content-Disposition"] = f'attachment; filename="{file.name}"'
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        return response


class ReportIssue(ServiceFormView):
    permission = "reports.issue_report"
    template_name = "reports/report_issue.html"
    form_class = IssueForm

    @cached_property
    def periods(self):
        return reportable_periods()

    def get_form_kwargs(self):
        asked = {name: self.request.GET[name] for name in ("kind", "city", "period") if name in self.request.GET}
        initial = {"period": self.periods.first()} | asked
        return {"initial": initial, "cancel": reverse("reports:report_list"), "periods": self.periods}

    def get_context_data(self, **kwargs):
        trail = [
            (_("Home"), reverse("pages:home")),
            (_("Reports"), reverse("reports:report_list")),
            (_("Issue report"), ""),
        ]
        return super().get_context_data(**kwargs) | {"trail": trail, "has_periods": self.periods.exists()}

    def save(self, form):
        known = set(Report.objects.filter(period=form.cleaned_data["period"]).values_list("pk", flat=True))
        self.saved = reports.issue_report(by=self.user, **form.cleaned_data)
        self.is_new = self.saved.pk not in known

    def show_success(self, form):
        if self.is_new:
            messages.success(self.request, _("The report has been issued. Its files are being created."))
            self.warn_about_characters(self.saved)
        else:
            message = _("This report has already been issued, and nothing has changed since.")
            messages.info(self.request, message)

    def get_success_url(self):
        return self.saved.get_absolute_url()

    def warn_about_characters(self, report: Report) -> None:
        missing = by_script(missing_characters(report.snapshot))
        if not missing:
            return
        parts = "; ".join(f"{script.name}: {' '.join(script.characters[:MAX_NAMED])}" for script in missing)
        warning = _("The PDF cannot show these characters because the site has no fonts for them: %(characters)s")
        messages.warning(self.request, warning % {"characters": parts})


class ReportRetry(ReportMixin, ActionView):
    permission = "reports.retry_report"
    success_message = gettext_lazy("The files are being created again.")

    def perform(self):
        reports.retry_report(self.row, by=self.user)
