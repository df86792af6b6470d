"""Validation of updates and indicator values, one sentence for each error. Used by forms and services."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from cities.enums import FileState, Visibility
from cities.models import Membership, Person, StoredFile
from core import locales
from core.text_limits import MAX_FILES, MAX_LINKS, MAX_URL, too_long
from core.texts import shorten
from strategies.enums import ImplementationStage
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    CityPeriod,
    Indicator,
    IndicatorValue,
    Milestone,
    MilestoneReached,
)

MAX_DAYS_BEFORE_START = timedelta(days=366)  # before the action starts, because preparations are logged too
MAX_AMOUNT = Decimal("999999999999.99")
MAX_PEOPLE = 2_000_000_000
MAX_VALUE = Decimal("999999999999.9999")


@dataclass
class UpdateInput:
    """Input for an update. ``progress`` is in per cent, ``spent`` in the city's currency since the last update.

    ``milestones``: all that this update reached. ``dropped``: all that it drops by completing the action. ``files``:
    uploads to add. ``links``: all links to keep; others are withdrawn. ``visibility``: of the update; each value has
    its own. ``city_period``: chosen among several open ones; without it the period follows from the date.
    """

    date: date
    text: str
    stage: str
    language: str = ""
    progress: int | None = None
    milestones: list[Milestone] = field(default_factory=list)
    dropped: list[Milestone] = field(default_factory=list)
    spent: Decimal | None = None
    spent_reason: str = ""
    budget_line: BudgetLine | None = None
    people_reached: int | None = None
    challenges: str = ""
    next_step: str = ""
    visibility: str = Visibility.NETWORK
    on_behalf_of: Person | None = None
    city_period: CityPeriod | None = None
    values: dict[Indicator, Decimal | None] = field(default_factory=dict)
    value_visibilities: dict[int, str] = field(default_factory=dict)  # by indicator id; default: as stored, or network
    confirmed_values: set[int] = field(default_factory=set)  # ids of indicators whose value may be wrong and is not
    value_versions: dict[int, int | None] | None = None  # versions that the form showed; None: no check
    files: list[StoredFile] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    form_uuid: UUID | None = None
    must_confirm_late: bool = False  # raise LateUpdateUnconfirmed unless ``late_period_shown`` is the late period's id
    late_period_shown: int | None = None
    must_confirm_values_period: bool = (
        False  # raise ValuesPeriodChanged unless ``values_period_shown`` is the period's id
    )
    values_period_shown: int | None = None
    must_confirm_another: bool = False  # raise LoggedJustNow if the same person has just logged one for the day


def update_errors(action: Action, data: UpdateInput, *, by: Any, update: ActionUpdate | None = None) -> dict[str, str]:
    """Return one sentence for each field that is not valid. ``update``: the one that is being changed."""
    errors = {
        "date": _date(action, data.date) or _day_of_strategy(action, data.date, update),
        "text": _texts(data.text, data.challenges, data.next_step, data.spent_reason) or _too_long("text", data.text),
        "challenges": _too_long("challenges", data.challenges),
        "next_step": _too_long("next_step", data.next_step),
        "stage": "" if data.stage in ImplementationStage.values else _("Choose an implementation stage."),
        "visibility": "" if data.visibility in Visibility.values else _("Choose who can read this."),
        "progress": _progress(action, data.progress),
        "milestones": _milestones(action, data.milestones, update) or _dropped(action, data),
        "spent": _spent(data.spent),
        "spent_reason": _spent_reason(data.spent, data.spent_reason),
        "budget_line": _budget_line(action, data),
        "people_reached": _people(data.people_reached),
        "on_behalf_of": _on_behalf_of(action, data, update),
        "files": _files(data.files, by),
        "links": _links(data.links),
    }
    if data.stage == ImplementationStage.COMPLETED:
        errors |= _open_milestones(action, data, update)
    for indicator, value in data.values.items():
        question = "" if indicator.pk in data.confirmed_values else indicator.question_about(value)
        errors[f"value_{indicator.pk}"] = value_error(indicator, value, action=action) or question
        visibility = data.value_visibilities.get(indicator.pk, Visibility.NETWORK)
        errors[f"value_{indicator.pk}_visibility"] = (
            "" if visibility in Visibility.values else _("Choose who can read this.")
        )
    return {name: str(sentence) for name, sentence in errors.items() if sentence}


def _date(action: Action, day: date) -> str:
    if day > action.city.today:
        return _("The date is in the future. Log what has happened so far.")
    if day < action.starts_on - MAX_DAYS_BEFORE_START:
        return _("The date is more than a year before the action starts, %(day)s. Check the year.") % {
            "day": locales.day(action.starts_on)
        }
    return ""


def _day_of_strategy(action: Action, day: date, update: ActionUpdate | None) -> str:
    """Refuse days after the strategy has ended, unless ``update`` has that date already."""
    ended_on = action.strategy.get_ended_on()
    if ended_on is None or day <= ended_on or (update is not None and update.date == day):
        return ""
    words = {"day": locales.day(ended_on), "next": action.strategy.replaced_by.title}
    return _("The strategy of this action ended on %(day)s. Log later updates on an action of “%(next)s”.") % words


def _texts(text: str, *others: str) -> str:
    if not text.strip():
        return _("Enter a sentence about what has happened.")
    if any("\x00" in part for part in (text, *others)):
        return _("The text contains a character that cannot be saved. Type the text again instead of pasting it.")
    return ""


def _too_long(name: str, text: str) -> str:
    limit: Any = ActionUpdate._meta.get_field(name).max_length
    return too_long(len(text), limit) if len(text) > limit else ""


def _progress(action: Action, progress: int | None) -> str:
    if progress is None:
        return ""
    if action.milestones.active().exists():
        return _(
            "The progress of this action is calculated from its milestones. Select the milestones reached instead."
        )
    return "" if 0 <= progress <= 100 else _("Enter progress as a number from 0 to 100.")


def _milestones(action: Action, milestones: Iterable[Milestone], update: ActionUpdate | None) -> str:
    """Refuse milestones of other actions, and milestones that another update has reached."""
    chosen = {milestone.pk for milestone in milestones}
    if not chosen:
        return ""
    if chosen - set(action.milestones.active().values_list("pk", flat=True)):
        return _("Choose milestones of this action.")
    reached = MilestoneReached.objects.filter(milestone__in=chosen, update__withdrawn_at=None)
    other = reached.exclude(update=update).select_related("milestone", "update").first()
    if other is None:
        return ""
    words = {"milestone": other.milestone.title, "day": locales.day(other.update.date)}
    return _("“%(milestone)s” was already reported as reached on %(day)s.") % words


def _dropped(action: Action, data: UpdateInput) -> str:
    dropped = {milestone.pk for milestone in data.dropped}
    if dropped and data.stage != ImplementationStage.COMPLETED:
        return _("Milestones can be dropped only when the action is completed. Choose “completed”, or drop none.")
    if dropped & {milestone.pk for milestone in data.milestones}:
        return _("A milestone is either reached or dropped. Choose one of them.")
    known = set(action.milestones.active().values_list("pk", flat=True)) if dropped else set()
    return _("Choose milestones of this action.") if dropped - known else ""


def _open_milestones(action: Action, data: UpdateInput, update: ActionUpdate | None) -> dict[str, str]:
    """Ask what became of each milestone that is open when the action is completed. It is asked once."""
    others = action.updates.active() if update is None else action.updates.active().exclude(pk=update.pk)
    if others.newest_first().values_list("stage", flat=True).first() == ImplementationStage.COMPLETED:
        return {}
    decided = {milestone.pk for milestone in (*data.milestones, *data.dropped)}
    open_ones = action.milestones.active().exclude(pk__in=decided)
    open_ones = open_ones.exclude(reached__update__in=others).exclude(dropped__update__in=others)
    sentence = _("Choose what happened to this milestone: reached or dropped.")
    return {f"outcome_{pk}": sentence for pk in open_ones.values_list("pk", flat=True)}


def _spent(spent: Decimal | None) -> str:
    if spent is None:
        return ""
    if not spent.is_finite() or abs(spent) > MAX_AMOUNT:
        return _("This amount is too large. Check the digits.")
    return "" if spent == round(spent, 2) else _("Enter an amount with at most two decimals.")


def _spent_reason(spent: Decimal | None, reason: str) -> str:
    if spent is not None and spent.is_finite() and spent < 0 and not reason.strip():
        return _("Explain why the amount is negative, for example because of a correction or a refund.")
    return _too_long("spent_reason", reason)


def _budget_line(action: Action, data: UpdateInput) -> str:
    if data.budget_line is None:
        return ""
    if data.budget_line.action_id != action.pk:
        return _("Choose a budget line of this action.")
    return _("Enter how much was spent from this budget line.") if data.spent is None else ""


def _people(number: int | None) -> str:
    if number is None:
        return ""
    if number < 0:
        return _("Enter 0 or a higher number.")
    return "" if number <= MAX_PEOPLE else _("This number is too large. Check the digits.")


def _on_behalf_of(action: Action, data: UpdateInput, update: ActionUpdate | None) -> str:
    """Refuse people who are neither a member of one of the city's bodies nor the responsible person."""
    person = data.on_behalf_of
    if person is None or (update is not None and update.on_behalf_of_id == person.pk):
        return ""
    if action.responsible_id == person.pk:
        return ""
    members = Membership.objects.current(action.city.today).filter(body__city=action.owning_city_id, person=person)
    return "" if members.exists() else _("Choose someone from the bodies of this city.")


def _files(files: Collection[StoredFile], by: Any) -> str:
    if len(files) > MAX_FILES:
        return _("Add at most %(count)s files at a time.") % {"count": MAX_FILES}
    if all(stored.state == FileState.PENDING and stored.uploaded_by_id == by.pk for stored in files):
        return ""
    return _("A file that you chose is no longer available. Choose it again.")


def _links(links: Collection[str]) -> str:
    if len(links) > MAX_LINKS:
        return _("Add at most %(count)s links to an update.") % {"count": MAX_LINKS}
    for link in links:
        if len(link) > MAX_URL:
            return _("A link can have at most %(count)s characters.") % {"count": MAX_URL}
        try:
            URLValidator(schemes=["http", "https"])(link)
        except ValidationError:
            return _("“%(link)s” is not a full link. Copy it from the browser, including https://.") % {
                "link": shorten(link, 80)
            }
    return ""


def indicator_error(indicator: Indicator) -> str:
    """Return why the indicator takes no values now, or ``""``."""
    if indicator.withdrawn_at:
        return _("This indicator has been withdrawn.")
    if indicator.strategy.is_next:
        return _("The strategy of this indicator is a draft. You can enter values when it has been adopted.")
    return ""


def period_error(indicator: Indicator, city_period: CityPeriod) -> str:
    """Return why the indicator takes no value for this period (its strategy ended before), or ``""``."""
    ended_on = indicator.strategy.get_ended_on()
    if ended_on is None or city_period.period.starts_on <= ended_on:
        return ""
    words = {"day": locales.day(ended_on), "period": city_period.period.name}
    return _("The strategy of this indicator ended on %(day)s, before %(period)s began.") % words


def value_error(indicator: Indicator, value: Decimal | None, *, action: Action | None = None) -> str:
    """Return why this value cannot be stored, or ``""``. ``action``: the action whose update contains the value."""
    if action is not None and indicator.strategy_id != action.objective.area.strategy_id:
        return _("Choose an indicator of this action.")
    if sentence := indicator_error(indicator):
        return sentence
    if value is None:
        return ""
    if not value.is_finite() or abs(value) > MAX_VALUE:
        return _("This number is too large. Check the digits.")
    if value != round(value, 4):
        return _("Enter a number with at most four decimals.")
    return indicator.number_error(value)


def current_value(indicator: Indicator, city_period: CityPeriod) -> IndicatorValue | None:
    """Return the active value of the indicator for the period."""
    return IndicatorValue.objects.active().filter(indicator=indicator, city_period=city_period).first()
