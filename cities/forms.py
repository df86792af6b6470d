"""Forms of cities, bodies, members and events."""

import re
from zoneinfo import available_timezones

from crispy_forms.layout import Div
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import locales
from core.collation import title_key
from core.forms import (
    ButtonsForm,
    CountField,
    DateInput,
    DateTimeLocalInput,
    FilteredCheckboxes,
    LongTextarea,
    VersionedForm,
    YearField,
    YearsChecked,
    form_helper,
)
from core.parsing import parse_pk
from core.row_search import OfferedChoices, SearchedField
from core.text_limits import LANGUAGE_CODE, LINE, LONG_TEXT, MAX_GUEST_GROUPS, MAX_LANGUAGES, PARAGRAPH, PASSWORD

from .enums import EventKind, Role, Seat
from .models import Body, City, Decision, Event, Organisation, Person

MAX_GUESTS = 999_999  # in one group


class CityForm(ButtonsForm, VersionedForm):
    save_label = _("Save profile")

    class Meta:
        model = City
        fields = [
            "profile",
            "profile_source",
            "population",
            "population_year",
            "population_source",
            "language",
            "other_languages",
            "timezone",
        ]
        field_classes = {"population": CountField, "population_year": YearField}
        widgets = {"profile": LongTextarea({"rows": 6})}
        help_texts = {
            "profile": _("A short description of the city for readers who do not know it."),
            "language": _("Two-letter code, for example sv."),
        }

    other_languages = forms.CharField(
        label=_("Other languages"),
        required=False,
        max_length=MAX_LANGUAGES * LANGUAGE_CODE,
        help_text=_("Two-letter codes, separated by commas. For example: en, ro"),
    )
    timezone = forms.ChoiceField(label=_("Time zone"), choices=[(zone, zone) for zone in sorted(available_timezones())])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["other_languages"] = ", ".join(self.instance.other_languages or [])

    def clean_language(self):
        return clean_language(self.cleaned_data["language"])

    def clean_other_languages(self):
        return language_codes(self.cleaned_data["other_languages"])


def language_codes(text):
    codes = [clean_language(code) for code in text.split(",") if code.strip()]
    if len(codes) > MAX_LANGUAGES:
        raise ValidationError(_("Enter at most %(count)s languages."), params={"count": MAX_LANGUAGES})
    return codes


def clean_language(code):
    code = code.strip().lower()
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z]{2,4})?", code):
        raise ValidationError(_("Enter languages as two-letter codes, for example sv or ro."))
    return code


class BodyForm(ButtonsForm, VersionedForm):
    class Meta:
        model = Body
        fields = ["name", "mandate", "established_on", "terms_of_reference"]
        widgets = {
            "mandate": LongTextarea({"rows": 4}),
            "established_on": DateInput(),
            "terms_of_reference": LongTextarea({"rows": 8}),
        }


# ---- members


class PlaceChoices(OfferedChoices):
    """The roles that can be given in each body, below its name."""

    def choice(self, body):
        return self.field.label_from_instance(body), self.field.roles(body)


class PlaceField(SearchedField):
    """Body and role in one field, so that nobody chooses a role that the body does not have."""

    iterator = PlaceChoices
    search_fields = ("name", "city__name")
    roles_of = None  # a function, set by the form: the roles that can be given in a body

    def roles(self, body):
        given = self.roles_of(body)
        return [(f"{body.pk}:{role}", str(role.label)) for role in Role if role in given]

    def label_from_instance(self, body):
        city = body.city.name if body.city else ""
        return str(body) if city in str(body) else f"{body}, {city}"

    def in_order(self, rows):
        return sorted(rows, key=lambda body: (title_key(body.city.name if body.city else ""), body.kind))

    def options(self, rows):
        return [
            {"value": value, "label": label, "group": self.label_from_instance(body)}
            for body in rows
            for value, label in self.roles(body)
        ]

    def pk_in(self, value):
        return parse_pk(value.partition(":")[0])

    def to_python(self, value):
        if value in self.empty_values:
            return None
        body = super().to_python(str(self.pk_in(value) or value))
        role = value.partition(":")[2]
        if role not in self.roles_of(body):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return body, role


class InvitationForm(ButtonsForm, forms.Form):
    save_label = _("Send invitation")
    name = forms.CharField(label=_("Name"), max_length=LINE)
    email = forms.EmailField(label=_("Email"), help_text=_("The invitation link is sent to this address."))
    place = PlaceField(Body.objects.all(), label=_("Role"))
    seat = forms.ChoiceField(
        label=_("Seat"),
        required=False,
        help_text=_("The group this person represents in an expert group or committee."),
    )
    organisation = SearchedField(
        Organisation.objects.all(),
        label=_("Organisation"),
        required=False,
        help_text=_("Where the person works. People cannot evaluate their own organisation."),
    )

    def __init__(self, *args, bodies, bodies_near, roles_of, organisations, is_searched, **kwargs):
        """``roles_of`` returns the roles that can be given in one of ``bodies``. ``bodies_near`` and ``organisations``
        are offered without a search; ``is_searched``: there are more bodies than those.
        """
        super().__init__(*args, **kwargs)
        place, organisation = self.fields["place"], self.fields["organisation"]
        place.queryset, place.nearby, place.roles_of = bodies, bodies_near, roles_of
        place.search_label = _("Search all bodies") if is_searched else ""
        organisation.nearby, organisation.search_label = organisations, _("Search all organisations")
        self.fields["seat"].choices = [("", _("none")), *Seat.choices]


class InvitationAcceptForm(ButtonsForm, forms.Form):
    """For a person without an account."""

    save_label = _("Accept and sign in")
    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        max_length=PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Three or four unrelated words are easy to remember."),
    )
    password_again = forms.CharField(
        label=_("Repeat password"),
        max_length=PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password(self):
        validate_password(self.cleaned_data["password"])
        return self.cleaned_data["password"]

    def clean(self):
        data = super().clean()
        if data.get("password") and data.get("password") != data.get("password_again"):
            self.add_error("password_again", _("The passwords do not match. Enter both again."))
        return data


class MembershipEndForm(ButtonsForm, YearsChecked, forms.Form):
    save_label = _("End membership")
    is_danger = True
    on = forms.DateField(
        label=_("End date"),
        required=False,
        widget=DateInput(),
        help_text=_("Leave empty to end the role immediately."),
    )


class MembershipHandOverForm(ButtonsForm, forms.Form):
    save_label = _("Hand over")
    to = forms.ModelChoiceField(
        Person.objects.none(),
        label=_("Successor"),
        help_text=_("If the person is not in the list, send them an invitation first."),
    )

    def __init__(self, *args, persons, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = persons


# ---- events


class EventForm(VersionedForm):
    """Times are in the city's time zone, which the view activates before it creates the form."""

    old_names = {"place": "location"}
    link = forms.URLField(label=_("Link"), required=False, max_length=LINE, assume_scheme="https")

    class Meta:
        model = Event
        fields = Event.EDITABLE
        widgets = {
            "starts_at": DateTimeLocalInput(),
            "ends_at": DateTimeLocalInput(),
            "programme": LongTextarea({"rows": 6}),
            "decisions": LongTextarea(),
            "documentation": LongTextarea(),
        }
        help_texts = {
            "body": _("The body that holds the meeting. Leave empty for events of the whole city."),
            "programme": _("The programme of a kick-off must name the main actions of the pilot."),
            "documentation": _("Links to photos, recordings and reports."),
        }

    def __init__(self, *args, city, cancel="", **kwargs):
        super().__init__(*args, **kwargs)
        self.city = city
        self.fields["body"].queryset = city.bodies.all()
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in (EventKind.MEETING, EventKind.KICK_OFF)]
        self.helper = form_helper(
            "version",
            Div("kind", "body", css_class="epi-pair"),
            "title",
            Div("starts_at", "ends_at", css_class="epi-pair"),
            Div("location", "link", css_class="epi-pair"),
            "programme",
            "decisions",
            "documentation",
            save=_("Save event"),
            cancel=cancel,
        )

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""

    def form_for(self, current):
        return type(self)(instance=current, city=self.city)

    def event_fields(self):
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class MinutesForm(ButtonsForm, VersionedForm):
    save_label = _("Save minutes")
    minutes_upload = forms.FileField(
        label=_("Minutes (file)"), required=False, help_text=_("PDF, document or picture.")
    )

    class Meta:
        model = Event
        fields = ["minutes"]
        widgets = {"minutes": LongTextarea({"rows": 12})}

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""


class DecisionForm(ButtonsForm, VersionedForm):
    save_label = _("Save decision")

    class Meta:
        model = Decision
        fields = ["text", "responsible", "due_on"]
        widgets = {"text": LongTextarea({"rows": 4}), "due_on": DateInput()}
        help_texts = {
            "responsible": _("The person who makes sure that the decision is carried out and who gets the reminders."),
            "text": _("Write one decision. Add any others separately."),
        }

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.people = people
        self.fields["responsible"].queryset = people

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""

    def form_for(self, current):
        return type(self)(instance=current, people=self.people)

    def decision_fields(self):
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class DropForm(ButtonsForm, forms.Form):
    save_label = _("Drop decision")
    is_danger = True
    reason = forms.CharField(label=_("Reason"), max_length=PARAGRAPH, widget=LongTextarea())


class ReopenForm(ButtonsForm, forms.Form):
    save_label = _("Reopen minutes")
    reason = forms.CharField(label=_("Reason"), max_length=PARAGRAPH, widget=LongTextarea())


class CancelForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=250, widget=LongTextarea())

    def __init__(self, *args, save, cancel, cancel_label, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = form_helper(save=save, cancel=cancel, cancel_label=cancel_label)


class AttendanceForm(ButtonsForm, VersionedForm):
    """Carries the version of the event, so that the second of two people gets an edit conflict."""

    save_label = _("Save attendance")

    class Meta:
        model = Event
        fields = []

    persons = forms.ModelMultipleChoiceField(
        Person.objects.none(), label=_("Members present"), required=False, widget=FilteredCheckboxes
    )
    guests = forms.CharField(
        label=_("Guests"),
        required=False,
        max_length=LONG_TEXT,
        widget=LongTextarea(),
        help_text=_("One group per line with a number, without names. For example: Residents of the district, 24"),
    )

    def __init__(self, *args, persons, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["persons"].queryset = self.persons = persons
        rows = list(self.instance.attendances.order_by("pk"))
        self.initial["persons"] = [row.person_id for row in rows if row.person_id]
        self.initial["guests"] = "\n".join(f"{row.label}, {row.count}" for row in rows if not row.person_id)

    def form_for(self, current):
        return type(self)(instance=current, persons=self.persons)

    def guest_counts(self):
        """Return each group with its number as it was read."""
        return [f"{label}: {locales.number(count)}." for label, count in self.cleaned_data["guests"]]

    def clean_guests(self):
        lines = [line.strip() for line in self.cleaned_data["guests"].splitlines() if line.strip()]
        if len(lines) > MAX_GUEST_GROUPS:
            raise ValidationError(_("Enter at most %(count)s groups."), params={"count": MAX_GUEST_GROUPS})
        return [_group(line) for line in lines]


def _group(line):
    """Return label and number. After a comma or colon, the number is the rest; else it is the last word."""
    label, number = _split_group(" ".join(line.split()))
    numbers = [value for value in locales.number_readings(number) if value == int(value)]
    if not label or not numbers:
        raise ValidationError(_("Enter each group as a name, a comma and a number: Residents of the district, 24"))
    if not 0 <= numbers[0] <= MAX_GUESTS:
        raise ValidationError(_("“%(line)s”: enter a number from 0 to 999,999."), params={"line": line})
    if len(label) > LINE:
        raise ValidationError(_("A group name can have at most %(count)s characters."), params={"count": LINE})
    return label, int(numbers[0])


def _split_group(line):
    at = max(line.rfind(f"{mark} ") for mark in ",:;")
    if at >= 0:
        return line[:at].strip(" ,:;"), line[at + 2 :]
    label, _space, number = line.rpartition(" ")
    return ("", "") if label[-1:].isdigit() else (label.strip(" ,:;"), number)  # "Residents 1 500" may mean two numbers
