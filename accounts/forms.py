from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.collation import matching_folded
from core.forms import form_helper
from core.text_limits import LINE

from .enums import MailState
from .models import User


class PreferencesForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["language"]
        widgets = {"language": forms.RadioSelect()}
        help_texts = {"language": _("Of the pages, and of the letters that you get.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        names = {"en": "English", "sv": "Svenska"}
        named = [(code, names.get(code, label)) for code, label in settings.LANGUAGES]
        self.fields["language"].choices = [("", _("As the browser says")), *named]
        self.fields["language"].required = False
        self.helper = form_helper(save=_("Save"))


class MailFilterForm(forms.Form):
    state = forms.ChoiceField(label=_("State"), required=False)
    recipient = forms.CharField(label=_("Recipient or subject"), required=False, max_length=LINE)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [("", _("All")), *MailState.choices]

    def apply_to(self, mails):
        """Return the emails that match; all of them if the filter is invalid."""
        chosen = self.cleaned_data if self.is_valid() else {}
        if chosen.get("state"):
            mails = mails.filter(state=chosen["state"])
        if chosen.get("recipient"):
            mails = matching_folded(mails, chosen["recipient"], "searched")
        return mails
