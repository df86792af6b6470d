"""Forms of the pact: its text in one language, when a version is in force, and its signatures."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cities.models import Organisation
from core.forms import ButtonsForm, DateInput, LongTextarea, VersionedForm, YearsChecked, form_helper
from core.row_search import SearchedField
from core.text_limits import LINE, PARAGRAPH
from pilot.enums import Sector
from pilot.models import PactText
from strategies.forms.log import language_name


class PactTextForm(VersionedForm):
    language = forms.ChoiceField(label=_("Language of the text"))

    class Meta:
        model = PactText
        fields = ["language", "title", "text"]
        widgets = {"text": LongTextarea({"rows": 24})}
        help_texts = {"text": _("Leave an empty line between paragraphs.")}

    def __init__(self, *args: Any, city: Any, taken: Any = (), cancel: str = "", **kwargs: Any) -> None:
        self.city, self.taken = city, taken
        super().__init__(*args, **kwargs)
        self.helper = form_helper(cancel=cancel, draft=_("Text of the pact"))
        codes = dict.fromkeys([city.language, *city.other_languages, "en", self.instance.language])
        own = self.instance.language
        left = [code for code in codes if code and (code == own or code not in taken)]
        self.fields["language"].choices = [(code, language_name(code)) for code in left]

    def form_for(self, current):
        return type(self)(instance=current, city=self.city, taken=self.taken)

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""


class InForceForm(YearsChecked, forms.Form):
    day = forms.DateField(label=_("In force from"), widget=DateInput())

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(save=_("Put in force"), cancel=cancel)


class SignatoryForm(ButtonsForm, YearsChecked, forms.Form):
    """An organisation that signs. ``organisations`` are offered without a search."""

    organisation = SearchedField(Organisation.objects.all(), label=_("Organisation"))
    sector = forms.ChoiceField(label=_("Sector"), choices=[("", "–"), *Sector.choices])

    def __init__(self, *args: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        field.nearby, field.search_label = organisations, _("Search all organisations")


class SignatoryInviteForm(SignatoryForm):
    save_label = _("Send invitation")
    name = forms.CharField(label=_("Name of the person who is asked to sign"), max_length=LINE)
    email = forms.EmailField(label=_("Email"), help_text=_("The link for signing is sent only to this address."))


class PaperSignatureForm(SignatoryForm):
    save_label = _("Save signature")
    name = forms.CharField(label=_("Name of the person who signed"), max_length=LINE)
    office = forms.CharField(
        label=_("Office"), max_length=LINE, help_text=_("For example “Mayor” or “Chair of the board”.")
    )
    signed_on = forms.DateField(label=_("Signed on"), widget=DateInput())
    scan = forms.FileField(label=_("Scan of the signed paper"), help_text=_("PDF or picture."))


class SignForm(ButtonsForm, forms.Form):
    save_label = _("Sign")
    name = forms.CharField(
        label=_("Your name"), max_length=LINE, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    office = forms.CharField(
        label=_("Your office"),
        max_length=LINE,
        help_text=_("For example “Mayor” or “Chair of the board”."),
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    language = forms.CharField(widget=forms.HiddenInput, max_length=LINE)
    is_confirmed = forms.BooleanField(label=_("I have read the text and sign it for my organisation."))


class DeclineForm(ButtonsForm, forms.Form):
    save_label = _("Decline to sign")
    is_danger = True
    reason = forms.CharField(
        label=_("Reason"),
        max_length=PARAGRAPH,
        widget=LongTextarea(),
        help_text=_("People of the city and the network can read the reason."),
        error_messages={"required": _("Give a reason, in one sentence.")},
    )


class SignatureWithdrawForm(ButtonsForm, YearsChecked, forms.Form):
    save_label = _("Withdraw signature")
    is_danger = True
    on = forms.DateField(label=_("Withdrawn on"), widget=DateInput())
    reason = forms.CharField(
        label=_("Reason"),
        max_length=PARAGRAPH,
        widget=LongTextarea(),
        error_messages={"required": _("Give a reason, in one sentence.")},
    )
