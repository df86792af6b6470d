from django.utils.translation import gettext_lazy as _

from core.exceptions import TellableError


class MailRefused(TellableError):
    message = _("This letter cannot be sent again.")
