"""Forms of the plan. Each carries the version that was read, to detect edit conflicts."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.models import Membership, Organisation, Person
from cities.selectors import organisations_near_q
from core.forms import (
    AmountField,
    CountField,
    DateInput,
    FilteredCheckboxes,
    LongTextarea,
    VersionedForm,
    YearField,
)
from core.row_search import SearchedField, SearchedMultipleField
from strategies.enums import ChangeCause
from strategies.models import (
    Action,
    BudgetLine,
    Indicator,
    Milestone,
    Objective,
    PriorityArea,
    Risk,
    Strategy,
    SwotItem,
)

from .log import language_name


class PlanForm(VersionedForm):
    """``city``: the city of the plan. ``parent``: the parent of a new part. The service saves, not the form."""

    cause = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("choose one if figures depend on this")), *ChangeCause.choices],
        label=gettext_lazy("Reason for the change"),
    )
    reason = forms.CharField(required=False, max_length=80, label=gettext_lazy("Describe the reason briefly"))
    requires_reason = False

    def __init__(self, *args: Any, city: Any, parent: Any = None, **kwargs: Any) -> None:
        self.city, self.parent = city, parent
        super().__init__(*args, **kwargs)
        if not self.requires_reason or self.instance.pk is None:
            del self.fields["cause"], self.fields["reason"]
        self.set_choices()
        self.is_confirmed = bool(self.data.get("confirm"))
        if self.is_confirmed:
            self.ask_confirmation()

    def ask_confirmation(self, names: Iterable[str] = ()) -> None:
        """Add a checkbox that says that what may be wrong is right."""
        self.fields["confirm"] = forms.BooleanField(required=False, label=_("I have checked this and it is correct."))

    def set_choices(self) -> None:
        """Set choices and defaults for this city."""

    def form_for(self, current):
        return type(self)(instance=current, city=self.city, parent=self.parent)

    def _post_clean(self):
        """Skip model validation: the service fills and validates the stored row; the instance stays as it was read."""

    @property
    def strategy(self) -> Strategy:
        found = self.parent if isinstance(self.parent, Strategy) else None
        return found or self.instance.strategy

    # ---- input for the service

    @property
    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.cleaned_data if name in self._plain_names()}

    @property
    def links(self) -> dict[str, Any]:
        names = {field.name for field in self._meta.model._meta.many_to_many}
        return {name: self.cleaned_data[name] for name in self.cleaned_data if name in names}

    def _plain_names(self) -> set[str]:
        return {field.name for field in self._meta.model._meta.concrete_fields} - {"version"}


class StrategyForm(PlanForm):
    language = forms.ChoiceField(label=gettext_lazy("Language of the text"))

    class Meta:
        model = Strategy
        fields = ["title", "vision", "year_from", "year_to", "language"]
        field_classes = {"year_from": YearField, "year_to": YearField}
        widgets = {"vision": LongTextarea({"rows": 6})}

    def set_choices(self):
        codes = dict.fromkeys([self.city.language, *self.city.other_languages, "en"])
        self.fields["language"].choices = [(code, language_name(code)) for code in codes]
        if self.instance.pk is None:
            self.initial["language"] = self.city.language


class AreaForm(PlanForm):
    class Meta:
        model = PriorityArea
        fields = ["code", "title", "theme", "description"]
        widgets = {"description": LongTextarea()}


class ObjectiveForm(PlanForm):
    class Meta:
        model = Objective
        fields = ["code", "title", "description"]
        widgets = {"description": LongTextarea()}


class ActionForm(PlanForm):
    old_names = {"accountable": "responsible"}

    class Meta:
        model = Action
        fields = [
            "code",
            "title",
            "description",
            "objective",
            "starts_on",
            "ends_on",
            "owner",
            "responsible",
            "deputies",
            "partners",
            "target_groups",
            "is_pilot",
            "budget_status",
        ]
        widgets = {
            "description": LongTextarea(),
            "starts_on": DateInput(),
            "ends_on": DateInput(),
            "deputies": FilteredCheckboxes(),
            "target_groups": FilteredCheckboxes(),
            "budget_status": forms.RadioSelect(),
        }
        field_classes = {"owner": SearchedField, "partners": SearchedMultipleField}
        help_texts = {
            "owner": gettext_lazy("The organisation that carries out the action."),
            "responsible": gettext_lazy(
                "The one person who is responsible for the action now. Without a responsible person, the "
                "action cannot be on track."
            ),
            "is_pilot": gettext_lazy("This action counts towards the pilot requirements."),
        }

    def set_choices(self):
        people = self.people()
        strategy = self.parent.area.strategy_id if self.instance.pk is None else self.instance.strategy.pk
        offered = Q(withdrawn_at=None) | Q(pk=self.instance.objective_id)
        objectives = Objective.objects.filter(offered, area__strategy=strategy).select_related("area")
        self.fields["objective"].queryset = objectives.order_by("area__code_sort", "code_sort")
        self.fields["responsible"].queryset = people
        self.fields["responsible"].empty_label = _("no one yet")
        self.fields["deputies"].queryset = people
        self.fields["owner"].empty_label = _("not yet known")
        nearby = self.organisations()
        for name in ("owner", "partners"):
            self.fields[name].nearby = nearby
            self.fields[name].search_label = _("Search all organisations")
        if self.instance.pk is None:
            self.initial.setdefault("objective", self.parent.pk)

    def organisations(self):
        """Return those of the city, and owners and partners of its actions."""
        plan = Action.objects.filter(objective__area__strategy__city=self.city)
        partners = Action.partners.through.objects.filter(action__objective__area__strategy__city=self.city)
        of_plan = Q(pk__in=plan.values("owner")) | Q(pk__in=partners.values("organisation"))
        return Organisation.objects.filter(organisations_near_q([self.city.pk]) | of_plan)

    def people(self):
        """Return members of the city's bodies, and people already chosen whose membership has ended."""
        members = Membership.objects.current().filter(body__city=self.city).values("person")
        stand = Q(pk=self.instance.responsible_id)
        if self.instance.pk:
            stand |= Q(deputy_for=self.instance)
        return Person.objects.filter(Q(pk__in=members) | stand).distinct()


class MilestoneForm(PlanForm):
    requires_reason = True
    weight = CountField(min_value=1, max_value=100, label=gettext_lazy("Weight"), initial=1)

    class Meta:
        model = Milestone
        fields = ["title", "due_on", "weight"]
        widgets = {"due_on": DateInput()}

    def set_choices(self):
        self.fields["weight"].help_text = _(
            "A milestone with weight 2 counts twice as much towards progress as one with weight 1."
        )


class BudgetLineForm(PlanForm):
    amount = AmountField(max_digits=14, decimal_places=2)
    shown = forms.ModelChoiceField(BudgetLine.objects.none(), required=False, widget=forms.HiddenInput)

    class Meta:
        model = BudgetLine
        fields = ["source", "year", "amount"]
        field_classes = {"year": YearField}

    def set_choices(self):
        self.fields["amount"].label = _("Amount (%(currency)s)") % {"currency": self.city.currency}
        if self.instance.pk:
            del self.fields["shown"]
        else:
            self.fields["shown"].queryset = self.instance.action.budget_lines.active()

    def show_saved(self, line):
        """List what differs from a line that this form may repeat. Saved now, it makes another line."""
        self.show_conflict(line)
        self.data["shown"] = str(line.pk)


class RestoreForm(forms.Form):
    """Asks for a code where the part has one: its old code may be in use."""

    code = forms.CharField(max_length=20, label=gettext_lazy("Code"))

    def __init__(self, *args: Any, part: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not hasattr(part, "code"):
            del self.fields["code"]
            return
        self.initial["code"] = part.code
        self.fields["code"].help_text = _("If another part now uses this code, choose a different one.")


class IndicatorForm(PlanForm):
    old_names = {"across_places": "across_cities"}
    requires_reason = True
    baseline = AmountField(required=False, max_digits=16, decimal_places=4, label=gettext_lazy("Baseline"))
    target = AmountField(required=False, max_digits=16, decimal_places=4, label=gettext_lazy("Target"))

    class Meta:
        model = Indicator
        fields = [
            "name",
            "definition",
            "unit",
            "direction",
            "objective",
            "action",
            "baseline",
            "baseline_on",
            "no_baseline_reason",
            "target",
            "target_on",
            "frequency",
            "source",
            "across_periods",
            "across_cities",
            "counts_people",
        ]
        widgets = {"definition": LongTextarea(), "baseline_on": DateInput(), "target_on": DateInput()}

    def set_choices(self):
        strategy = self.strategy
        offered = Q(withdrawn_at=None) | Q(pk=self.instance.objective_id)
        self.fields["objective"].queryset = Objective.objects.filter(offered, area__strategy=strategy)
        self.fields["action"].queryset = Action.objects.active().filter(objective__area__strategy=strategy)
        for name in ("objective", "action"):
            self.fields[name].empty_label = _("the strategy as a whole")
            self.fields[name].required = False


class SwotForm(PlanForm):
    class Meta:
        model = SwotItem
        fields = ["kind", "text", "areas", "actions"]
        widgets = {
            "kind": forms.RadioSelect(),
            "text": LongTextarea(),
            "areas": FilteredCheckboxes(),
            "actions": FilteredCheckboxes(),
        }

    def set_choices(self):
        strategy = self.strategy
        self.fields["kind"].choices = [choice for choice in self.fields["kind"].choices if choice[0]]
        offered = Q(withdrawn_at=None)
        if self.instance.pk:
            offered |= Q(pk__in=self.instance.areas.values("pk"))  # withdrawn areas that are linked stay selectable
        self.fields["areas"].queryset = PriorityArea.objects.filter(offered, strategy=strategy)
        self.fields["actions"].queryset = Action.objects.active().filter(objective__area__strategy=strategy)


class RiskForm(PlanForm):
    old_names = {"counter_action": "mitigating_action"}

    class Meta:
        model = Risk
        fields = ["text", "area", "swot_items", "mitigating_action"]
        widgets = {"text": LongTextarea(), "swot_items": FilteredCheckboxes()}

    def set_choices(self):
        strategy = self.strategy
        offered = Q(withdrawn_at=None) | Q(pk=self.instance.area_id)
        self.fields["area"].queryset = PriorityArea.objects.filter(offered, strategy=strategy)
        items = self.fields["swot_items"]
        items.queryset = SwotItem.objects.filter(strategy=strategy, withdrawn_at=None)
        items.label_from_instance = lambda item: f"{item.get_kind_display().capitalize()}: {item.text}"
        actions = Action.objects.active().filter(objective__area__strategy=strategy)
        self.fields["mitigating_action"].queryset = actions
        self.fields["area"].empty_label = self.fields["mitigating_action"].empty_label = _("none")
