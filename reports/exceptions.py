"""Errors of reports that a user can read. Each says what to do."""

from django.utils.translation import gettext_lazy as _

from core.exceptions import UserFacingError


class ReportError(UserFacingError):
    """The base class of the errors below."""


class NoAcceptedReport(ReportError):
    message = _("Nothing has been accepted for this period yet, so there is nothing to print. Accept the period first.")


class NothingToRetry(ReportError):
    message = _("This report is not failed any more. Read the page again.")


class FileTooLarge(ReportError):
    message = _("This file is larger than any report. Choose the PDF, HTML or JSON file that you were given.")
