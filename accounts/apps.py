from allauth.account.signals import password_reset
from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self):
        from core import form_inputs, versions
        from core.backup.hooks import after_restore

        from . import export
        from .models import User
        from .page_versions import SITE, user_sql
        from .restored import hold_mails

        versions.always_there(SITE)
        versions.bump_on_change(User, user_sql("id"))
        after_restore("emails", hold_mails, order=90)  # after what writes some
        export.register_part("unsaved_forms", form_inputs.personal_data)
        user_logged_in.connect(_save_language_at_login, dispatch_uid="accounts.keep_chosen_language")
        password_reset.connect(_end_delays, dispatch_uid="accounts.end_delays")


def _save_language_at_login(sender, request, user, **_more):
    """Store the language that was chosen in this browser before login in the account."""
    from .services import save_language  # here: models are not loaded when this module is

    save_language(user, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))


def _end_delays(sender, request, user, **_more):
    """End the delays of sign-in after the owner of the account has chosen a new password."""
    from .login_limits import end_delays  # here: models are not loaded when this module is

    end_delays(user.email)
