"""Errors of persons, bodies, files and events. Each message says what is wrong and what to do next."""

from django.utils.translation import gettext_lazy as _

from core.exceptions import UserFacingError


class FileRefused(UserFacingError):
    message = _("This file cannot be taken. Choose a picture, a PDF, a spreadsheet, a document or a text file.")


class MembershipRefused(UserFacingError):
    message = _("This membership cannot be made.")


class PermissionRefused(UserFacingError):
    message = _("This belongs to another role. Ask your city’s lead official or the network’s coordinator.")


class OwnRoleRefused(UserFacingError):
    message = _("Nobody grants oneself a role. Ask another lead official or a coordinator to do it.")


class CommitteeSeatRefused(UserFacingError):
    message = _(
        "A seat in the scientific committee is neither for a coordinator nor given by one. "
        "The chair of the committee invites its members; a coordinator invites only its first chair."
    )


class FirstChairRefused(CommitteeSeatRefused):
    message = _(
        "The first chair of the scientific committee must not come from your own organisation. "
        "Choose the organisation where the person works."
    )


class InvitationRefused(UserFacingError):
    message = _("This invitation cannot be sent.")


class InvitationExpired(UserFacingError):
    message = _("This invitation has been used, withdrawn or is too old. Ask the person who sent it for a new one.")


class WrongAccount(UserFacingError):
    message = _("This invitation is for another address. Sign in with the account that it was sent to.")


class EventRefused(UserFacingError):
    message = _("This event cannot be published yet.")
