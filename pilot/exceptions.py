"""Errors of the pact. Each message says what is wrong and what to do next."""

from django.utils.translation import gettext_lazy as _

from core.exceptions import UserFacingError

PACT_IS_FROZEN = "epi: a pact opened for signature never changes"  # message of the triggers (pilot.locks)


class PactRefused(UserFacingError):
    message = _("This is not possible for this version of the pact.")


class PactStateChanged(PactRefused):
    message = _("The status of this version has changed, so you can no longer do this. Reload the page.")


class PactFrozen(PactRefused):
    message = _("This version has been opened for signature, so its text cannot change. Draft a new version instead.")


class PactDraftExists(PactRefused):
    message = _("There is already a draft of the next version. Edit that draft.")


class PactIncomplete(PactRefused):
    message = _("The pact needs a title and a text in its authoritative language.")


class OwnSignatureMissing(PactRefused):
    message = _("The city itself has not signed this version. It can come into force once the municipality has signed.")


class SignatureRefused(PactRefused):
    message = _("This signature cannot be recorded.")


class SigningLinkEnded(UserFacingError):
    message = _("This link is not valid. Open the link in the newest email, or ask the city to send it again.")
