"""Forms of the review page: the decision, overall and by dimension, and questions to the city."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LongTextarea
from core.text_limits import PARAGRAPH
from evaluation.enums import Decision


class DecisionForm(forms.Form):
    snapshot_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    decision = forms.ChoiceField(label=_("Your decision"), choices=Decision.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Required if you request changes. The moderator and the raters will read it."),
        widget=LongTextarea(),
        max_length=PARAGRAPH,
        required=False,
    )
    reopen_ratings = forms.BooleanField(
        label=_("Reopen the ratings of the dimensions where I request changes"), required=False
    )

    def __init__(self, *args, dimensions, **kwargs):
        super().__init__(*args, **kwargs)
        self.dimensions = list(dimensions)
        for dimension in self.dimensions:
            name = {"dimension": dimension.name}
            self.fields[f"comment-{dimension.code}"] = forms.CharField(
                label=_("Comment on %(dimension)s") % name,
                widget=LongTextarea({"rows": 2}),
                max_length=PARAGRAPH,
                required=False,
            )
            self.fields[f"changes-{dimension.code}"] = forms.BooleanField(
                label=_("Request changes in %(dimension)s") % name, required=False
            )

    def update_hash(self, snapshot_hash: str) -> None:
        """Set the hash to that of the data shown now and keep what the user typed."""
        self.data = self.data.copy()
        self.data["snapshot_hash"] = snapshot_hash

    @property
    def verdicts(self) -> dict[str, tuple[str, str]]:
        """Return ``(decision, comment)`` by dimension code, only for dimensions with a comment or requested changes."""
        verdicts = {}
        for dimension in self.dimensions:
            comment = self.cleaned_data[f"comment-{dimension.code}"].strip()
            wants = self.cleaned_data[f"changes-{dimension.code}"]
            if comment or wants:
                verdicts[dimension.code] = (Decision.REQUEST_CHANGES if wants else Decision.APPROVE, comment)
        return verdicts


class QuestionForm(forms.Form):
    dimension = forms.ChoiceField(label=_("About"), required=False)
    text = forms.CharField(label=_("Question to the city"), widget=LongTextarea({"rows": 2}), max_length=PARAGRAPH)

    def __init__(self, *args, dimensions, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["dimension"].choices = [
            ("", _("the whole evaluation")),
            *[(dimension.code, dimension.name) for dimension in dimensions],
        ]
