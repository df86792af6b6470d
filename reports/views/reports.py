"""Issued reports: list, detail, files, issue, retry."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.generic import DetailView, FormView, View

from core.exceptions import HashMismatch, UserFacingError
from core.locales import current_locale, number
from core.views import PagedListView
from reports.documents.glyphs import by_script
from reports.documents.presenters import present_sections
from reports.documents.render import missing_characters
from reports.enums import ReportState as States
from reports.forms import IssueForm, ReportFilter
from reports.models import Report, ReportFile
from reports.selectors.issued import reportable_periods
from reports.services import reports
from strategies.models import PeriodRevision
from strategies.selectors.corrections import correction_sentence

MAX_NAMED = 20  # characters of a script in a message
FILE_KINDS = {"application/pdf": "PDF", "text/html": "HTML", "application/json": "JSON"}


def file_links(report: Report) -> list[dict]:
    return [
        {"name": file.name, "kind": FILE_KINDS[file.content_type], "size": file.size} for file in report.files.all()
    ]


class ReportList(LoginRequiredMixin, PagedListView):
    paginate_by = 25
    template_name = "reports/report_list.html"

    @cached_property
    def filter(self) -> ReportFilter:
        return ReportFilter(self.request.GET)

    def get_queryset(self):
        return Report.objects.visible_to(self.request.user).filter(**self.filter.chosen()).for_list_page()

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        shown = context["paginator"].count
        return context | {
            "filter_form": self.filter,
            "count": ngettext("%(n)s report", "%(n)s reports", shown) % {"n": number(shown)},
            "may_issue": self.request.user.has_perm("reports.issue_report"),
            "may_retry": self.request.user.has_perm("reports.retry_report"),
            "trail": [(_("Front page"), reverse("pages:home")), (_("Reports"), "")],
        }


class ReportMixin(LoginRequiredMixin):
    """Mixin that finds a report visible to the user, else raises 404."""

    def get_report(self) -> Report:
        visible = Report.objects.visible_to(self.request.user).select_related("city", "period")
        return get_object_or_404(visible, number=self.kwargs["number"])


class ReportDetail(ReportMixin, DetailView):
    template_name = "reports/report_detail.html"
    context_object_name = "report"

    def get_object(self, queryset=None):
        return self.get_report()

    def other_language(self) -> str:
        """Return the name of the report's language if it differs from the page's, else ""."""
        written = self.object.language
        return "" if written == get_language() else current_locale().languages[written]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        try:
            contents = self.object.contents
        except HashMismatch as error:
            context["broken"], contents = str(error), None
        return context | {
            "contents": contents,
            "sections": contents and present_sections(contents["document"]),
            "files": file_links(self.object),
            "missing_scripts": by_script(self.object.replaced_characters),
            "other_language": self.other_language(),
            "correction": correction_sentence(
                self.object.period_revision_id, PeriodRevision.objects.visible_to(self.request.user)
            ),
            "newer": Report.objects.newer_than(self.object).visible_to(self.request.user).first(),
            "may_retry": self.request.user.has_perm("reports.retry_report", self.object),
            "trail": [
                (_("Front page"), reverse("pages:home")),
                (_("Reports"), reverse("reports:report_list")),
                (self.object.number, ""),
            ],
        }


class ReportState(ReportMixin, View):
    """The state of a report as an HTML part, which the page polls."""

    def get(self, request, number):
        report = self.get_report()
        may_retry = request.user.has_perm("reports.retry_report", report)
        context = {"report": report, "may_retry": may_retry, "just_ready": report.state == States.READY}
        return render(request, "reports/report_state.html", context)


class ReportFileView(ReportMixin, View):
    """Serve the stored bytes after comparing their hash. Always as a download, so HTML never runs on this site."""

    def get(self, request, number, name):
        file = get_object_or_404(ReportFile, report=self.get_report(), name=name)
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


class ReportIssue(PermissionRequiredMixin, FormView):
    permission_required = "reports.issue_report"
    template_name = "reports/report_issue.html"
    form_class = IssueForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"cancel": reverse("reports:report_list"), "periods": self.periods}

    @cached_property
    def periods(self):
        return reportable_periods()

    def get_initial(self):
        asked = {name: self.request.GET[name] for name in ("kind", "city", "period") if name in self.request.GET}
        return {"period": self.periods.first()} | asked

    def handle_no_permission(self):
        if self.request.user.is_authenticated:
            raise PermissionDenied
        return super().handle_no_permission()

    def get_context_data(self, **kwargs):
        trail = [
            (_("Front page"), reverse("pages:home")),
            (_("Reports"), reverse("reports:report_list")),
            (_("Issue"), ""),
        ]
        return super().get_context_data(**kwargs) | {"trail": trail, "has_periods": self.periods.exists()}

    def form_valid(self, form):
        known = set(Report.objects.filter(period=form.cleaned_data["period"]).values_list("pk", flat=True))
        try:
            report = reports.issue_report(by=self.request.user, **form.cleaned_data)
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        if report.pk in known:
            messages.info(self.request, _("This report had been issued already, and nothing has changed since."))
        else:
            messages.success(self.request, _("The report has been issued. Its files are being made."))
            self.warn_about_characters(report)
        return redirect(report)

    def warn_about_characters(self, report: Report) -> None:
        missing = by_script(missing_characters(report.snapshot))
        if not missing:
            return
        parts = "; ".join(f"{script.name}: {' '.join(script.characters[:MAX_NAMED])}" for script in missing)
        warning = _("The PDF cannot show these characters, because the site has no fonts for them: %(characters)s")
        messages.warning(self.request, warning % {"characters": parts})


class ReportRetry(ReportMixin, View):
    http_method_names = ["post"]

    def post(self, request, number):
        report = self.get_report()
        if not request.user.has_perm("reports.retry_report", report):
            raise PermissionDenied
        try:
            reports.retry_report(report, by=request.user)
        except UserFacingError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The files are being made again."))
        return redirect(report)
