"""Errors of persons, bodies, files and events. Each message says what is wrong and what to do next."""

from django.utils.translation import gettext_lazy as _

from core.exceptions import UserFacingError


class FileRefused(UserFacingError):
    message = _("This file cannot be accepted. Choose a picture, a PDF, a spreadsheet, a document or a text file.")


class MembershipRefused(UserFacingError):
    message = _("This membership cannot be created.")


class OwnRoleRefused(UserFacingError):
    message = _("You cannot give yourself a role. Ask another lead official or a coordinator to do it.")


class CommitteeSeatRefused(UserFacingError):
    message = _(
        "Coordinators cannot join the scientific committee. They can invite only its first chair; after that, "
        "the chair invites the members."
    )


class FirstChairRefused(CommitteeSeatRefused):
    message = _(
        "The first chair of the scientific committee cannot come from your own organisation. Choose the "
        "organisation where the person works."
    )


class InvitationRefused(UserFacingError):
    message = _("This invitation cannot be sent.")


class InvitationExpired(UserFacingError):
    message = _("This invitation has been used or withdrawn, or has expired. Ask the person who sent it for a new one.")


class WrongAccount(UserFacingError):
    message = _("This invitation was sent to another email address. Sign in with the account for that address.")


class MinutesRefused(UserFacingError):
    message = _("These minutes cannot be changed now.")


class DecisionRefused(UserFacingError):
    message = _("This decision cannot be recorded.")


class EventRefused(UserFacingError):
    message = _("This event cannot be published yet.")
