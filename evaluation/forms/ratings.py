"""Forms for a rating, a consensus and notes."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.forms import LongTextarea, VersionedForm
from core.text_limits import PARAGRAPH
from evaluation.enums import Strength
from evaluation.models import Consensus, Dimension, Rating

NOT_ASSESSED = "none"
CHECK_INPUT_ATTRS = {"class": "form-check-input"}


class LevelForm(VersionedForm):
    """A level of the dimension's rubric, or "not assessed" with a reason."""

    choice = forms.ChoiceField(label=_("Level"), widget=forms.RadioSelect(CHECK_INPUT_ATTRS), required=False)

    def __init__(self, *args, dimension: Dimension, **kwargs):
        super().__init__(*args, **kwargs)
        self.dimension = dimension
        levels = [(str(level), f"{level} · {name}") for level, name, _text in dimension.levels]
        self.fields["choice"].choices = [*levels, (NOT_ASSESSED, _("Not assessed"))]
        self.fields["version"].required = False
        if self.instance.pk:
            is_none = self.instance.level is None and self.instance.not_assessed_reason
            self.initial["choice"] = NOT_ASSESSED if is_none else str(self.instance.level or "")
        else:
            self.initial["version"] = ""

    def form_for(self, current):
        return type(self)(instance=current, dimension=self.dimension, prefix=self.prefix)

    def _post_clean(self):
        """Skip model validation and leave the instance unchanged: the service validates and saves."""

    @property
    def options(self) -> list:
        """Return ``(radio button, rubric text)`` pairs."""
        texts = {str(level): text for level, _name, text in self.dimension.levels}
        return [(radio, texts.get(str(radio.data["value"]), "")) for radio in self["choice"]]

    def clean(self):
        cleaned = super().clean()
        choice = cleaned.get("choice") or ""
        cleaned["level"] = int(choice) if choice.isdigit() else None
        if choice == NOT_ASSESSED and not (cleaned.get("not_assessed_reason") or "").strip():
            self.add_error("not_assessed_reason", _("Explain why this dimension cannot be assessed."))
        if choice != NOT_ASSESSED:
            cleaned["not_assessed_reason"] = ""
        return cleaned


class RatingForm(LevelForm):
    citations = forms.MultipleChoiceField(
        label=_("Evidence"), widget=forms.CheckboxSelectMultiple(CHECK_INPUT_ATTRS), required=False
    )

    class Meta:
        model = Rating
        fields = ["not_assessed_reason", "reasons", "strength_override", "strength_reason"]
        widgets = {"reasons": LongTextarea({"rows": 5}), "not_assessed_reason": LongTextarea({"rows": 2})}
        labels = {
            "reasons": _("Reasons"),
            "not_assessed_reason": _("Reason for not assessing"),
            "strength_override": _("Strength of evidence"),
            "strength_reason": _("Reason for a different strength"),
        }
        help_texts = {"reasons": _("What you saw in the evidence, and why it leads to this level.")}

    def __init__(self, *args, sources: dict, cited: tuple[str, ...] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.sources = sources
        known = dict.fromkeys([*sources, *cited])
        self.fields["citations"].choices = [(key, self._label(key)) for key in known]
        self.initial["citations"] = list(cited)
        as_computed = [("", _("As calculated from your citations"))]
        self.fields["strength_override"].choices = as_computed + Strength.choices

    def form_for(self, current):
        cited = tuple("{}:{}".format(*citation.source) for citation in current.citations.all())
        return type(self)(
            instance=current, dimension=self.dimension, prefix=self.prefix, sources=self.sources, cited=cited
        )

    def _label(self, key: str) -> str:
        source = self.sources.get(key)
        return f"{source.heading}: {source.title}" if source else key

    @property
    def source_groups(self) -> list:
        """Return the check boxes by action or indicator: ``[(name, [(checkbox, source or None), ...]), ...]``."""
        grouped: dict[str, list] = {}
        for box in self["citations"]:
            source = self.sources.get(box.data["value"])
            grouped.setdefault(source.heading if source else "", []).append((box, source))
        return list(grouped.items())

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("strength_override"):
            cleaned["strength_reason"] = ""
        return cleaned


class ConsensusForm(LevelForm):
    class Meta:
        model = Consensus
        fields = ["not_assessed_reason", "reason"]
        widgets = {"reason": LongTextarea({"rows": 3}), "not_assessed_reason": LongTextarea({"rows": 2})}
        labels = {"reason": pgettext_lazy("consensus", "Reason"), "not_assessed_reason": _("Reason for not assessing")}
        help_texts = {"reason": _("What was agreed and why, for readers who were not there.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["choice"].required = True
        self.fields["choice"].label = _("Agreed level")


class NotesForm(forms.Form):
    """A note for each dimension, for the page with a button at each of them."""

    def __init__(self, *args, dimensions, **kwargs):
        super().__init__(*args, **kwargs)
        for dimension in dimensions:
            self.fields[dimension.code] = forms.CharField(
                label=_("Your note on %(dimension)s") % {"dimension": dimension.name},
                widget=LongTextarea({"rows": 2}),
                max_length=PARAGRAPH,
                required=False,
            )
