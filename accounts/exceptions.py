from django.utils.translation import gettext_lazy as _

from core.exceptions import UserFacingError


class MailRefused(UserFacingError):
    message = _("This email cannot be sent again.")
