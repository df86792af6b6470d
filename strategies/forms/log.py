"""The logging form. Only the text is required; known figures are shown beside the fields."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from cities.enums import Visibility
from cities.models import Person
from core import locales
from core.forms import AmountField, CountField, DateInput, FieldDifference, LongTextarea, VersionedForm
from core.parsing import parse_pk
from core.text_limits import LINE, MAX_LINKS, MAX_URL
from strategies.enums import ImplementationStage
from strategies.models import ActionUpdate, Indicator, Milestone

from .fields import FilesField, confirm_field, value_field, visibility_field

NO_NAMES = gettext_lazy("One sentence is enough. Do not name or describe individual migrants.")
FILES = gettext_lazy(
    "A photo, PDF, spreadsheet or document, up to %(size)s MB each. Location data are removed from photos."
)
LINKS = gettext_lazy("One link on each line, starting with https://.")


class LogForm(VersionedForm):
    """``page``: what is known about the action (``selectors.logging.LogFormData``).

    The form saves nothing: the view turns ``cleaned_data`` into input for the service.
    """

    milestones = forms.MultipleChoiceField(
        required=False, label=gettext_lazy("Milestones reached"), widget=forms.CheckboxSelectMultiple
    )
    progress = CountField(required=False, max_value=100, label=gettext_lazy("Progress (per cent)"))
    spent = AmountField(required=False, max_digits=14, decimal_places=2)
    people_reached = CountField(required=False, label=gettext_lazy("People reached"))
    budget_line = forms.ChoiceField(required=False, label=gettext_lazy("Budget line"))
    files = FilesField(required=False, label=gettext_lazy("Evidence: photo, PDF or document"))
    links = forms.CharField(
        required=False,
        label=gettext_lazy("Links to evidence"),
        widget=LongTextarea({"rows": 2}),
        max_length=MAX_LINKS * (MAX_URL + 1),
    )
    city_period = forms.ChoiceField(required=False, label=gettext_lazy("Period"))
    language = forms.ChoiceField(required=False, label=gettext_lazy("Language of the text"))

    class Meta:
        model = ActionUpdate
        fields = [
            "text",
            "stage",
            "date",
            "spent",
            "spent_reason",
            "budget_line",
            "people_reached",
            "progress",
            "challenges",
            "next_step",
            "visibility",
            "on_behalf_of",
            "language",
        ]
        widgets = {
            "text": LongTextarea(),
            "date": DateInput(),
            "stage": forms.RadioSelect(),
            "challenges": LongTextarea({"rows": 2}),
            "next_step": LongTextarea({"rows": 2}),
        }
        labels = {"text": gettext_lazy("What has happened?"), "date": gettext_lazy("Date")}
        error_messages = {"text": {"required": gettext_lazy("Enter a sentence about what has happened.")}}

    def __init__(self, *args: Any, page: Any, max_mb: int, **kwargs: Any) -> None:
        self.page, self.max_mb = page, max_mb
        self.indicators: dict[str, Indicator] = {}  # by field name
        self.is_complete = False
        super().__init__(*args, **kwargs)
        for name in ("version", "date", "stage", "visibility"):
            self.fields[name].required = False
        label = _("Spent since the last update (%(currency)s)") % {"currency": page.currency}
        self.fields["spent"].label = label  # the success message needs it too, so it is not left to complete()
        self.fields["stage"].choices = ImplementationStage.choices
        self.fields["milestones"].choices = self._milestones
        self.outcomes: dict[str, Milestone] = {}  # milestones to be reached or dropped, by field name
        if self._completes:
            self._ask_outcomes()
        self.fields["budget_line"].choices = self._lines
        self.fields["city_period"].choices = self._periods
        self.fields["on_behalf_of"].queryset = Person.objects.filter(
            Q(pk__in=page.people_ids) | Q(pk__in=[self.instance.on_behalf_of_id or page.action.responsible_id or 0])
        )
        self._offer_languages()
        if not self.is_bound:
            self.complete()
        else:
            typed = self._typed()
            for indicator in self.page.indicators(typed) if typed else ():
                self._offer_value(indicator)

    def complete(self) -> None:
        """Add what the page shows beside the fields. A POST that is saved at once does not need it."""
        if self.is_complete:
            return
        self.is_complete = True
        self._bound_fields_cache.clear()  # labels and help texts were copied during cleaning
        self.fields["text"].help_text = NO_NAMES
        self.fields["files"].help_text = FILES % {"size": self.max_mb}
        self.fields["links"].help_text = LINKS
        self._describe_progress()
        self._describe_money()
        self._describe_people()
        if len(self.page.periods) < 2:
            del self.fields["city_period"]
        else:
            self.fields["city_period"].help_text = _("Several periods are open.")
        self._offer_values()

    # ---- choices, loaded lazily

    def _milestones(self):
        return [(str(row.pk), self.milestone_label(row)) for row in self.page.open_milestones]

    def milestone_label(self, milestone):
        if milestone.is_dropped:
            return _("%(title)s (dropped)") % {"title": milestone.title}
        is_over = milestone.due_on < self.page.today
        words = _("%(title)s, was due on %(day)s") if is_over else _("%(title)s, due on %(day)s")
        return words % {"title": milestone.title, "day": locales.day(milestone.due_on)}

    def _lines(self):
        money = self.page.currency
        lines = [
            (str(row.pk), f"{row.source}, {row.year}: {locales.money(row.amount, money)}") for row in self.page.lines
        ]
        return [("", _("not stated")), *lines]

    def _periods(self):
        periods = [(str(row.pk), self.period_label(row)) for row in self.page.periods]
        return [("", _("based on the date above")), *periods]

    @property
    def _completes(self):
        return self._given("stage") == ImplementationStage.COMPLETED

    def _ask_outcomes(self):
        """Ask what became of each open milestone. The service requires the answer."""
        choices = [("reached", _("reached")), ("dropped", _("dropped"))]
        dropped = set(self.instance.dropped.values_list("milestone", flat=True)) if self.instance.pk else set()
        ticked = self.data.getlist("milestones") if self.is_bound else self.initial.get("milestones", [])
        for milestone in self.page.undecided_milestones:
            if str(milestone.pk) in map(str, ticked):
                continue
            name = f"outcome_{milestone.pk}"
            label = _("What happened to “%(title)s”?") % {"title": milestone.title}
            initial = "dropped" if milestone.pk in dropped else None
            self.fields[name] = forms.ChoiceField(
                required=False, choices=choices, label=label, initial=initial, widget=forms.RadioSelect
            )
            self.outcomes[name] = milestone

    @property
    def outcome_fields(self):
        return [self[name] for name in self.outcomes]

    def _with_outcome(self, outcome):
        return [row for name, row in self.outcomes.items() if self.cleaned_data.get(name) == outcome]

    @property
    def reached(self):
        """The milestones that are ticked, or answered with *reached*."""
        ticked = self.cleaned_data.get("milestones") or []
        return [*ticked, *(row for row in self._with_outcome("reached") if row not in ticked)]

    @property
    def dropped(self):
        ticked = self.cleaned_data.get("milestones") or []
        return [row for row in self._with_outcome("dropped") if row not in ticked]

    # ---- known figures as help texts

    def _describe_progress(self):
        if self.page.has_milestones:
            del self.fields["progress"]
            if not self.page.open_milestones:
                del self.fields["milestones"]
            return
        del self.fields["milestones"]
        if self.page.last_progress is not None:
            words = _("In the last update: %(percent)s.") % {"percent": locales.percent(self.page.last_progress)}
            self.fields["progress"].help_text = words

    def _describe_money(self):
        page, spent = self.page, self.fields["spent"]
        known = {"spent": locales.money(page.spent_total, page.currency)}
        if page.lines:
            known["budget"] = locales.money(page.budget_total, page.currency)
            spent.help_text = _("So far %(spent)s of %(budget)s.") % known
        else:
            spent.help_text = _("So far %(spent)s.") % known
            del self.fields["budget_line"]
        reason = self.fields["spent_reason"]
        reason.help_text = _("Only needed if the amount above is negative: what was corrected or paid back.")

    def _describe_people(self):
        last = self.page.last_people
        if last is not None:
            self.fields["people_reached"].help_text = _("In the last update: %(count)s.") % {
                "count": locales.number(last)
            }
        behalf = self.fields["on_behalf_of"]
        behalf.empty_label = _("no one else")
        behalf.help_text = _("Only if you report for someone else who is responsible for the content.")

    @staticmethod
    def period_label(city_period):
        period = city_period.period
        return _("%(name)s, due on %(day)s") % {"name": period.name, "day": locales.day(period.due_on)}

    def _offer_languages(self):
        city = self.page.city
        codes = dict.fromkeys([city.language, *city.other_languages, "en"])
        self.fields["language"].choices = [(code, language_name(code)) for code in codes]

    # ---- the period, and its indicator values

    @cached_property
    def target_period(self):
        """(period, is_late) for the date and period chosen in the form."""
        try:
            day = self.fields["date"].to_python(self["date"].value())
        except forms.ValidationError:  # an invalid date counts as today; the field shows the error
            day = None
        chosen = self["city_period"].value() if "city_period" in self.fields else None
        return self.page.period_for(day or self.page.today, chosen)

    @property
    def period(self):
        """The period named above the values. They are not saved into any other one (``values_told``)."""
        return self.target_period[0]

    @cached_property
    def typed_for_period(self):
        """Name of the period that values were typed for, if it is not the one shown now; else None."""
        typed_for = self._given("values_told")
        if typed_for == (str(self.period.pk) if self.period else "") or not self._typed():
            return None
        return self.page.name_of_period(parse_pk(typed_for)) or _("another period")

    def _given(self, name):
        return self.data.get(name) if self.is_bound else self.initial.get(name)

    def _typed(self):
        """Return the ids of the indicators with a value in the POST or draft."""
        given = self.data if self.is_bound else self.initial
        said = [name for name in given if name.startswith("value_") and str(given.get(name) or "").strip()]
        return [pk for name in said if (pk := parse_pk(name.removeprefix("value_")))]

    def _offer_values(self):
        for due in self.page.values_for(self.period, self._typed()):
            self._offer_value(due.indicator)
            self.fields[f"value_{due.indicator.pk}"].help_text = self._value_help(due)
            if due.stored is not None:
                self.fields[f"value_{due.indicator.pk}_visibility"].initial = due.stored.visibility
            self._keep_version(due)

    def _offer_value(self, indicator):
        name = f"value_{indicator.pk}"
        if name in self.fields:
            return
        self.fields[name] = value_field(indicator)
        self.fields[f"{name}_visibility"] = visibility_field(indicator, initial=Visibility.NETWORK)
        self.fields[f"{name}_version"] = forms.CharField(required=False, widget=forms.HiddenInput, max_length=LINE)
        self.indicators[name] = indicator

    @staticmethod
    def _value_help(due):
        if due.stored is not None:
            return _("Already entered for this period: %(value)s.") % {"value": locales.number(due.stored.value)}
        if due.last_value is None:
            return _("No value yet.")
        words = {"value": locales.number(due.last_value), "period": due.last_period}
        return _("Latest: %(value)s (%(period)s).") % words

    def _keep_version(self, due):
        """Keep the version of the stored value when the user typed, so that saving detects other people's changes."""
        name, version = f"value_{due.indicator.pk}_version", due.stored.version if due.stored else ""
        if self._given(name) is not None and self.typed_for_period is None:
            return
        if self.is_bound:
            self._set_data(name, version)
        else:
            self.initial[name] = version

    def _set_data(self, name, value):
        self.data = self.data.copy()
        self.data[name] = str(value)

    def accept_current_versions(self, error):
        """Take over the versions of other people's values (ValuesConflict), so that the next save replaces them."""
        for pk, row in error.stored.items():
            self._set_data(f"value_{pk}_version", row.version if row else "")

    @property
    def value_fields(self):
        """Return (value, visibility, checkbox or None, version) for each indicator."""
        return [
            (
                self[name],
                self[f"{name}_visibility"],
                self[f"{name}_confirm"] if f"{name}_confirm" in self.fields else None,
                self[f"{name}_version"],
            )
            for name in self.indicators
        ]

    @property
    def confirmed_values(self):
        return {row.pk for name, row in self.indicators.items() if self.data.get(f"{name}_confirm")}

    def _add_confirmations(self, cleaned):
        """Add a checkbox beside each value that may be wrong. The service refuses the value until it is ticked."""
        for name, indicator in self.indicators.items():
            if indicator.question_about(cleaned.get(name)):
                self.fields[f"{name}_confirm"] = confirm_field(indicator)

    @property
    def values(self):
        given = {row: self.cleaned_data.get(name) for name, row in self.indicators.items()}
        return {row: value for row, value in given.items() if value is not None}

    @property
    def value_visibilities(self):
        given = {row.pk: self.cleaned_data.get(f"{name}_visibility") for name, row in self.indicators.items()}
        return {pk: visibility for pk, visibility in given.items() if visibility}

    @property
    def value_versions(self):
        return {row.pk: parse_pk(self.cleaned_data.get(f"{name}_version")) for name, row in self.indicators.items()}

    # ---- cleaning

    def clean_date(self):
        return self.cleaned_data.get("date") or self.page.today

    def clean_stage(self):
        sent = self.cleaned_data.get("stage") or self.data.get("status")  # its name in forms opened before 0.2
        return sent or self.page.last_stage

    def clean_visibility(self):
        return self.cleaned_data.get("visibility") or "network"

    def clean_language(self):
        return self.cleaned_data.get("language") or self.page.city.language

    def clean_milestones(self):
        chosen = set(self.cleaned_data["milestones"])
        return [row for row in self.page.open_milestones if str(row.pk) in chosen] if chosen else []

    def clean_budget_line(self):
        chosen = self.cleaned_data["budget_line"]
        return next((row for row in self.page.lines if str(row.pk) == chosen), None) if chosen else None

    def clean_city_period(self):
        chosen = self.cleaned_data["city_period"]
        return next((row for row in self.page.periods if str(row.pk) == chosen), None) if chosen else None

    def _post_clean(self):
        """Skip model validation: the service builds the update and validates it."""

    def clean_links(self):
        return [line.strip() for line in self.cleaned_data["links"].splitlines() if line.strip()]

    def clean(self):
        cleaned = super().clean()
        self._add_confirmations(cleaned)
        return cleaned

    def show_conflict(self, current):
        self.complete()
        super().show_conflict(current)

    def show_saved(self, update, values, files):
        """List what differs from ``update``, as which this form was saved before.

        ``values``: the period's active values of its indicators, by id. ``files``: those sent now.
        """
        self.show_conflict(update)
        for name, indicator in self.indicators.items():
            row, typed = values.get(indicator.pk), self.cleaned_data.get(name)
            if row is not None:
                self._set_data(f"{name}_version", row.version)
            if typed is not None and (row is None or row.value != typed):
                theirs = locales.number(row.value) if row else ""
                self.differences.append(FieldDifference(str(self[name].label), theirs, locales.number(typed)))
            chosen = self.value_visibilities.get(indicator.pk)
            if typed is not None and row is not None and chosen and chosen != row.visibility:
                field = self[f"{name}_visibility"]
                labels = (self.display_value(field.name, key) for key in (row.visibility, chosen))
                self.differences.append(FieldDifference(str(field.label), *labels))
        attached = [piece.file for piece in update.evidence.active().select_related("file") if piece.file]
        if {stored.sha256 for stored in attached} != {stored.sha256 for stored in files}:
            names = [", ".join(stored.name for stored in pieces) for pieces in (attached, files)]
            self.differences.append(FieldDifference(str(self.fields["files"].label), *names))

    def form_for(self, current):
        return type(self)(instance=current, page=self.page, max_mb=self.max_mb, initial=stored_extras(current))


def stored_extras(update):
    """Return initial data of an update for form fields that are not columns of the model."""
    links = [piece.link for piece in update.evidence.active() if piece.link]
    return {"milestones": [milestone.pk for milestone in update.milestones.all()], "links": "\n".join(links)}


def language_name(code):
    try:
        return get_language_info(code)["name_local"]
    except KeyError:
        return code
