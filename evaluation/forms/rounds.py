"""Forms for rounds, assignments, conflicts and the city's answers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cities.models import Person
from core.forms import ButtonsForm, DateInput, LongTextarea, YearsChecked
from core.row_choices import RowSelect
from core.row_search import SearchedField
from core.text_limits import PARAGRAPH
from evaluation.enums import Capacity
from evaluation.models import EvaluationRound, Framework
from strategies.models import Strategy


class RoundForm(ButtonsForm, YearsChecked, forms.ModelForm):
    save_label = _("Create round")

    class Meta:
        model = EvaluationRound
        fields = [
            "name",
            "framework",
            "period",
            "declare_on",
            "rate_on",
            "discuss_on",
            "moderate_on",
            "review_on",
            "decide_by",
        ]
        widgets = {name: DateInput() for name in fields if name.endswith("_on") or name == "decide_by"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["framework"].queryset = Framework.objects.all()


class CloseRoundForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), widget=LongTextarea({"rows": 2}), max_length=PARAGRAPH)


class StrategyForm(forms.Form):
    strategy = forms.ModelChoiceField(label=_("City"), queryset=Strategy.objects.none(), widget=RowSelect)

    def __init__(self, *args, strategies, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["strategy"].queryset = strategies
        self.fields["strategy"].label_from_instance = lambda strategy: f"{strategy.city}: {strategy.title}"


class PersonField(SearchedField):
    search_fields = ("name", "organisation__name")
    search_label = _("Search all people")

    def label_from_instance(self, person):
        return f"{person.name}, {person.organisation}" if person.organisation_id else person.name


class PersonForm(forms.Form):
    person = PersonField(label=_("Person"), queryset=Person.objects.none())
    has_enter_button = True  # the page has one for all its forms

    def __init__(self, *args, people, near, **kwargs):
        """``near``: those of ``people`` who are offered without a search."""
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset, self.fields["person"].nearby = people, near


class RaterForm(PersonForm):
    capacity = forms.ChoiceField(label=_("Capacity"), choices=Capacity.choices)


class PersonReasonForm(PersonForm):
    reason = forms.CharField(label=_("Reason"), widget=LongTextarea({"rows": 2}), max_length=PARAGRAPH)


class ExtendForm(YearsChecked, forms.Form):
    until = forms.DateField(label=_("New last day of this stage"), widget=DateInput())


class MoveForm(forms.Form):
    reason = forms.CharField(label=_("Note"), widget=LongTextarea({"rows": 2}), max_length=PARAGRAPH, required=False)


class RemovalForm(forms.Form):
    reason = forms.CharField(label=_("Reason for removal"), widget=LongTextarea({"rows": 2}), max_length=PARAGRAPH)


class ConflictForm(ButtonsForm, forms.Form):
    save_label = _("Declare conflict of interest")
    reason = forms.CharField(
        label=_("Your connection to this city"),
        help_text=_("One sentence is enough. Only coordinators can read it."),
        widget=LongTextarea(),
        max_length=PARAGRAPH,
    )


class AnswerForm(ButtonsForm, forms.Form):
    save_label = _("Send answer")
    text = forms.CharField(label=_("Answer"), widget=LongTextarea({"rows": 5}), max_length=PARAGRAPH)
