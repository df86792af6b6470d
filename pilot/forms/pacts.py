"""Forms of the pact: its text in one language, and the day from which a version is in force."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import DateInput, LongTextarea, VersionedForm, YearsChecked, form_helper
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
