from django.utils.translation import gettext_lazy as _

from epi_site.shared.exceptions import TellableError


class MailRefused(TellableError):
    message = _("This letter cannot be sent again.")
