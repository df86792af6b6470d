from typing import Any

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.forms import ButtonsForm

from .models import User


class PasswordChangeForm(ChangePasswordForm):
    """Allauth's form, with labels like those of every other form of the site."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        _label_new_password(self)


class PasswordResetForm(ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _label_new_password(self)


def _label_new_password(form: forms.Form) -> None:
    form.fields["password1"].label, form.fields["password2"].label = _("New password"), _("Repeat password")


class PreferencesForm(ButtonsForm, forms.ModelForm):
    class Meta:
        model = User
        fields = ["language"]
        widgets = {"language": forms.RadioSelect()}
        help_texts = {"language": _("Used for pages and for emails to you.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        names = {"en": "English", "sv": "Svenska"}
        named = [(code, names.get(code, label)) for code, label in settings.LANGUAGES]
        self.fields["language"].choices = [("", _("Same as my browser")), *named]
        self.fields["language"].required = False
