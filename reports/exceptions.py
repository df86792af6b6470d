"""Errors of reports that a user can read. Each says what to do."""

from django.utils.translation import gettext_lazy as _

from core.exceptions import UserFacingError


class ReportError(UserFacingError):
    """The base class of the errors below."""


class NoAcceptedReport(ReportError):
    message = _(
        "No report has been accepted for this period yet, so there is nothing to issue. Accept a city’s report first."
    )


class NothingToRetry(ReportError):
    message = _("This report has already been created again. Reload the page.")


class FileTooLarge(ReportError):
    message = _("This file is too large to be a report. Choose the PDF, HTML or JSON file that you received.")
