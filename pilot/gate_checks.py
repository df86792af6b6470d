"""Gate checks of this app: what coordination structure, kick-off and pact require of plans, bodies and events."""

import re
from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cities.enums import BodyKind, EventKind, Role, Seat
from cities.models import Attendance, Body, Event, Membership
from core import clock, locales
from pilot.enums import PhaseKind
from pilot.gates import CheckResult, register_check
from pilot.models import PilotPhase
from pilot.selectors.pacts import version_in_force
from strategies.enums import BudgetStatus, ImplementationStage, PeriodState, StrategyStatus
from strategies.models import Action, BudgetLine, CityPeriod, Indicator, PriorityArea, Strategy, SwotItem

EXPERT_SEATS = [Seat.MUNICIPAL_OFFICIAL, Seat.TECHNICAL_PARTNER, Seat.SELECTED_EXPERT]
COMMITTEE_SEATS = [Seat.MUNICIPAL, Seat.PRIVATE]


class GateData:
    """Data that the checks of one city read, each property loaded once.

    Whether a requirement is met is computed from all rows. Reasons and links use only rows with ``is_visible``, those
    that the reader may see.
    """

    def __init__(self, city: Any, reader: Any):
        self.city, self.reader = city, reader

    @classmethod
    def of(cls, city: Any, reader: Any) -> "GateData":
        """Return the instance cached on the city object, so that a page with three gates loads the data once."""
        held = city.__dict__.get("_gate_data")
        if held is None or held.reader is not reader:
            held = city.__dict__["_gate_data"] = cls(city, reader)
        return held

    def _marked(self, rows: Any) -> Any:
        """Add ``is_visible`` to each row."""
        visible = rows.model.objects.visible_to(self.reader).filter(pk=OuterRef("pk"))
        return rows.annotate(is_visible=Exists(visible))

    @cached_property
    def bodies(self) -> dict[str, Body]:
        return {body.kind: body for body in Body.objects.filter(city=self.city)}

    @cached_property
    def members(self) -> list[Membership]:
        return list(Membership.objects.current(self.city.today).filter(body__city=self.city).select_related("body"))

    @cached_property
    def meetings(self) -> list[Event]:
        """Meetings of the expert group that have started, oldest first."""
        rows = Event.objects.active()
        rows = rows.filter(body__city=self.city, body__kind=BodyKind.EXPERT_GROUP, kind=EventKind.MEETING)
        return list(self._marked(rows.filter(starts_at__lte=clock.now())).order_by("starts_at"))

    @cached_property
    def kick_off(self) -> Event | None:
        """The published kick-off event that meets most requirements; of equals, the latest."""
        return max((event for event in self.kick_offs if event.published_at), key=_rank, default=None)

    @cached_property
    def kick_offs(self) -> list[Event]:
        """Kick-off events, drafts included, with ``has_attendance``."""
        rows = Event.objects.active().filter(Q(city=self.city) | Q(body__city=self.city), kind=EventKind.KICK_OFF)
        came = Attendance.objects.filter(event=OuterRef("pk"))
        return list(self._marked(rows).annotate(has_attendance=Exists(came)))

    @cached_property
    def strategy(self) -> Strategy | None:
        """The current strategy, with ``has_swot`` and ``has_area``."""
        swot = SwotItem.objects.filter(strategy=OuterRef("pk"), withdrawn_at=None)
        areas = PriorityArea.objects.filter(strategy=OuterRef("pk"), withdrawn_at=None)
        rows = self._marked(Strategy.objects.current().filter(city=self.city))
        return rows.annotate(has_swot=Exists(swot), has_area=Exists(areas)).first()

    @cached_property
    def visible_strategy(self) -> Strategy | None:
        return self.strategy if self.strategy is not None and self.strategy.is_visible else None

    @cached_property
    def actions(self) -> list[Action]:
        """The active pilot actions that are not cancelled, with ``is_budgeted`` and ``is_measured``."""
        lines = BudgetLine.objects.active().filter(action=OuterRef("pk"))
        measured = Indicator.objects.active().filter(action=OuterRef("pk"), target__isnull=False)
        measured = measured.filter(Q(baseline__isnull=False) | ~Q(no_baseline_reason=""))
        rows = (
            self._marked(Action.objects.of_city(self.city).active()).filter(is_pilot=True).order_by("code_sort", "pk")
        )
        rows = rows.with_stage().annotate(is_budgeted=Exists(lines), is_measured=Exists(measured))
        return [row for row in rows if row.current_stage != ImplementationStage.CANCELLED]

    @cached_property
    def phases(self) -> dict[str, PilotPhase]:
        return {phase.kind: phase for phase in PilotPhase.objects.filter(city=self.city)}

    @cached_property
    def periods(self) -> list[CityPeriod]:
        """Periods that have ended, oldest first."""
        rows = self._marked(CityPeriod.objects.filter(city=self.city, period__ends_on__lt=self.city.today))
        return list(rows.select_related("period").order_by("period__starts_on"))

    def day_of(self, event: Event) -> date:
        return self.city.day_of(event.starts_at)

    def body_url(self, kind: str) -> str:
        if kind in self.bodies:
            return reverse("cities:body_detail", args=[self.bodies[kind].pk])
        return self.city_url

    def event_url(self, event: Event) -> str:
        return reverse("cities:event_detail", args=[event.pk]) if event.is_visible else self.city_url

    @property
    def city_url(self) -> str:
        return reverse("cities:city_detail", args=[self.city.slug])

    def strategy_url(self, route: str = "strategies:strategy_detail") -> str:
        return reverse(route, args=[self.city.slug]) if self.visible_strategy else self.city_url


def _join_names(names: list, most: int = 3) -> str:
    """Join the first few names and add the number of the others."""
    shown = ", ".join(str(name) for name in names[:most])
    rest = len(names) - most
    if rest <= 0:
        return shown
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", rest) % {
        "names": shown,
        "count": rest,
    }


# ---- coordination


def _check_seats(facts: GateData, kind: str, wanted: list[Seat]) -> CheckResult:
    url = facts.body_url(kind)
    if kind not in facts.bodies:
        return CheckResult(False, _("The body has not been set up yet."), url)
    taken = {member.seat for member in facts.members if member.body.kind == kind}
    lacking = [seat.label for seat in wanted if seat not in taken]
    if lacking:
        return CheckResult(False, _("Vacant seats: %(seats)s.") % {"seats": _join_names(lacking)}, url)
    return CheckResult(True, _("All of these seats are filled."), url)


def expert_group_seats(city: Any, reader: Any) -> CheckResult:
    return _check_seats(GateData.of(city, reader), BodyKind.EXPERT_GROUP, EXPERT_SEATS)


def expert_group_chair(city: Any, reader: Any) -> CheckResult:
    facts = GateData.of(city, reader)
    url = facts.body_url(BodyKind.EXPERT_GROUP)
    chairs = [row for row in facts.members if row.body.kind == BodyKind.EXPERT_GROUP and row.role == Role.CHAIR]
    return (
        CheckResult(True, _("The expert group has a chair."), url)
        if chairs
        else CheckResult(False, _("The expert group has no chair yet."), url)
    )


def first_meeting(city: Any, reader: Any) -> CheckResult:
    facts = GateData.of(city, reader)
    url = facts.body_url(BodyKind.EXPERT_GROUP)
    if not facts.meetings:
        return CheckResult(False, _("The expert group has not met yet."), url)
    kept = [event for event in facts.meetings if event.minutes or event.minutes_file_id]
    if not kept:
        event = facts.meetings[0]
        words = _("The group met on %(day)s, but there are no minutes yet.") % {"day": locales.day(facts.day_of(event))}
        if not event.is_visible:
            words = _("The group has met, but there are no minutes yet.")
        return CheckResult(False, words, facts.event_url(event))
    event = next((event for event in kept if event.is_visible), kept[0])
    words = _("The group met on %(day)s and the minutes have been added.") % {"day": locales.day(facts.day_of(event))}
    if not event.is_visible:
        words = _("The group has met and the minutes have been added.")
    return CheckResult(True, words, facts.event_url(event))


def strategy_adopted(city: Any, reader: Any) -> CheckResult:
    facts = GateData.of(city, reader)
    strategy, is_visible = facts.strategy, facts.visible_strategy is not None
    if strategy is None or strategy.status != StrategyStatus.ADOPTED:
        words = _("The strategy is a draft.") if is_visible else _("There is no adopted strategy yet.")
        return CheckResult(False, words, facts.strategy_url())
    words = _("Adopted on %(day)s.") % {"day": locales.day(strategy.adopted_on)}
    return CheckResult(True, words if is_visible else _("A strategy has been adopted."), facts.strategy_url())


def swot_and_area(city: Any, reader: Any) -> CheckResult:
    facts = GateData.of(city, reader)
    strategy = facts.strategy
    if strategy is not None and strategy.has_swot and strategy.has_area:
        return CheckResult(True, _("The SWOT analysis and a priority area have been added."), facts.strategy_url())
    if strategy is None or not strategy.is_visible:
        return CheckResult(False, _("No strategy has both a SWOT analysis and a priority area yet."), facts.city_url)
    if not strategy.has_swot:
        words = _("The SWOT analysis is still empty.")
        return CheckResult(False, words, facts.strategy_url("strategies:swot"))
    return CheckResult(False, _("The strategy has no priority area yet."), facts.strategy_url())


def met_in_every_period(city: Any, reader: Any) -> CheckResult:
    """Check that the group met in each ended period of the pilot. Before the first one ends, it is too early to say."""
    facts = GateData.of(city, reader)
    url = facts.body_url(BodyKind.EXPERT_GROUP)
    pilot = [row.period for row in facts.periods if _is_in_pilot(row.period, facts.phases)]
    if not pilot:
        return CheckResult(None, _("No pilot period has ended yet."), url)
    days = [facts.day_of(event) for event in facts.meetings]
    without = [row.name for row in pilot if not any(row.starts_on <= day <= row.ends_on for day in days)]
    if without:
        return CheckResult(False, _("No meeting in %(periods)s.") % {"periods": _join_names(without)}, url)
    words = ngettext(
        "The group has met in the only period so far.",
        "The group has met in all %(count)d periods so far.",
        len(pilot),
    )
    return CheckResult(True, words % {"count": len(pilot)}, url)


def _is_in_pilot(period: Any, phases: dict[str, PilotPhase]) -> bool:
    """Return whether the period overlaps the pilot, from the first phase's start to the last phase's end."""
    if not phases:
        return False
    start = min(phase.actual_start or phase.planned_start for phase in phases.values())
    end = max(phase.actual_end or phase.planned_end for phase in phases.values())
    return period.ends_on >= start and period.starts_on <= end


# ---- kick-off


def _rank(event: Event) -> tuple:
    took_place = event.starts_at <= clock.now() and event.has_attendance
    return took_place, _is_documented(event), bool(event.programme.strip()), event.starts_at


def _is_documented(event: Event) -> bool:
    return bool(event.documentation.strip() or event.minutes.strip() or event.minutes_file_id)


def _no_kick_off(facts: GateData) -> CheckResult:
    if any(event.is_visible for event in facts.kick_offs):
        return CheckResult(False, _("The kick-off has not been published yet."), facts.city_url)
    return CheckResult(False, _("No kick-off has been added yet."), facts.city_url)


def kick_off_planned(city: Any, reader: Any) -> CheckResult:
    facts = GateData.of(city, reader)
    event = facts.kick_off
    if event is None:
        return _no_kick_off(facts)
    url, day = facts.event_url(event), {"day": locales.day(facts.day_of(event))}
    if not (event.location or event.link):
        return CheckResult(False, _("The kick-off is on %(day)s, but has no location or link.") % day, url)
    words = _("On %(day)s, %(place)s.") % (day | {"place": event.location or event.link})
    return CheckResult(True, words, url)


def programme_names_actions(city: Any, reader: Any) -> CheckResult:
    """Check that the programme contains the title or code of at least one pilot action."""
    facts = GateData.of(city, reader)
    event = facts.kick_off
    if event is None:
        return _no_kick_off(facts)
    url = facts.event_url(event)
    if not event.programme.strip():
        return CheckResult(False, _("The programme is still empty."), url)
    named = [action for action in facts.actions if _is_mentioned_in(action, event.programme)]
    if not named:
        return CheckResult(False, _("The programme does not name any pilot action."), url)
    shown = [action.title for action in named if action.is_visible]
    if not shown:
        return CheckResult(True, _("The programme names pilot actions."), url)
    return CheckResult(True, _("The programme names %(actions)s.") % {"actions": _join_names(shown)}, url)


def _is_mentioned_in(action: Action, text: str) -> bool:
    code = re.search(rf"(?<!\w){re.escape(action.code)}(?!\w|\.\w)", text) if action.code else None
    return bool(code) or action.title.casefold() in text.casefold()


def kick_off_attended(city: Any, reader: Any) -> CheckResult:
    facts = GateData.of(city, reader)
    event = facts.kick_off
    if event is None:
        return _no_kick_off(facts)
    url = facts.event_url(event)
    if event.starts_at > clock.now():
        return CheckResult(None, _("The kick-off has not taken place yet."), url)
    if not event.has_attendance:
        return CheckResult(False, _("Attendance has not been recorded."), url)
    return CheckResult(True, _("Attendance has been recorded."), url)


def kick_off_documented(city: Any, reader: Any) -> CheckResult:
    facts = GateData.of(city, reader)
    event = facts.kick_off
    if event is None:
        return _no_kick_off(facts)
    url = facts.event_url(event)
    if event.starts_at > clock.now():
        return CheckResult(None, _("The kick-off has not taken place yet."), url)
    if not _is_documented(event):
        return CheckResult(False, _("The kick-off has not been documented yet."), url)
    return CheckResult(True, _("The kick-off has been documented."), url)


# ---- pact


def committee_seats(city: Any, reader: Any) -> CheckResult:
    return _check_seats(GateData.of(city, reader), BodyKind.LOCAL_COMMITTEE, COMMITTEE_SEATS)


def pact_in_force(city: Any, reader: Any) -> CheckResult:
    """Check that a version is in force. Drafts, newer versions and answers of signatories change nothing."""
    version, url = version_in_force(city), reverse("pilot:pact_detail", args=[city.slug])
    if version is None:
        return CheckResult(False, _("No version of the pact is in force yet."), url)
    words = {"number": version.number, "day": locales.day(version.in_force_from)}
    return CheckResult(True, _("Version %(number)s has been in force since %(day)s.") % words, url)


def _check_every_action(city: Any, reader: Any, fits: Callable[[Action], bool], met: str, lacking: str) -> CheckResult:
    """Check all actions. ``lacking`` is followed by the titles of actions that do not fit and that the reader sees."""
    facts = GateData.of(city, reader)
    url = facts.strategy_url("strategies:action_list")
    if not facts.actions:
        return CheckResult(False, _("The pilot has no actions yet."), url)
    without = [action for action in facts.actions if not fits(action)]
    if not without:
        return CheckResult(True, met, url)
    shown = [action.title for action in without if action.is_visible]
    if not shown:
        return CheckResult(False, _("Some pilot actions do not meet this requirement yet."), url)
    return CheckResult(False, lacking % {"actions": _join_names(shown)}, url)


def actions_owned(city: Any, reader: Any) -> CheckResult:
    return _check_every_action(
        city,
        reader,
        lambda action: action.owner_id is not None,
        _("Every pilot action has an owner."),
        _("Without an owner: %(actions)s."),
    )


def actions_budgeted(city: Any, reader: Any) -> CheckResult:
    def fits(action: Action) -> bool:
        return action.budget_status == BudgetStatus.NONE_NEEDED or action.is_budgeted

    return _check_every_action(
        city,
        reader,
        fits,
        _("Every pilot action has a budget or needs none."),
        _("Without a budget: %(actions)s."),
    )


def actions_measured(city: Any, reader: Any) -> CheckResult:
    return _check_every_action(
        city,
        reader,
        lambda action: action.is_measured,
        _("Every pilot action has an indicator with a baseline and a target."),
        _("Without an indicator that has a baseline and a target: %(actions)s."),
    )


def last_period_accepted(city: Any, reader: Any) -> CheckResult:
    facts = GateData.of(city, reader)
    if not facts.periods:
        return CheckResult(None, _("No period has ended yet."), facts.city_url)
    last = facts.periods[-1]
    is_accepted = last.state in {PeriodState.ACCEPTED, PeriodState.PUBLISHED}
    if not last.is_visible:
        words = (
            _("The period report has been accepted.")
            if is_accepted
            else _("The period report has not been accepted yet.")
        )
        return CheckResult(is_accepted, words, facts.city_url)
    words = _("%(period)s is %(state)s.") if is_accepted else _("%(period)s is %(state)s, but not accepted yet.")
    names = {"period": last.period.name, "state": last.get_state_display()}
    return CheckResult(is_accepted, words % names, last.get_absolute_url())


def register() -> None:
    coordination, kick_off, pact = PhaseKind.COORDINATION, PhaseKind.KICK_OFF, PhaseKind.PACT
    words = gettext_lazy(
        "Expert group with at least one municipal official, one technical partner and one selected expert"
    )
    register_check(coordination, "expert_group_seats", words, expert_group_seats)
    register_check(coordination, "expert_group_chair", gettext_lazy("Expert group with a chair"), expert_group_chair)
    words = gettext_lazy("First meeting of the expert group, with minutes")
    register_check(coordination, "first_meeting", words, first_meeting)
    register_check(coordination, "strategy_adopted", gettext_lazy("Adopted strategy"), strategy_adopted)
    words = gettext_lazy("Strategy with a SWOT analysis and a priority area")
    register_check(coordination, "swot_and_area", words, swot_and_area)
    words = gettext_lazy("Expert group meeting in every pilot period")
    register_check(coordination, "met_in_every_period", words, met_in_every_period, is_completion=True)

    words = gettext_lazy("Kick-off with date and location")
    register_check(kick_off, "kick_off_planned", words, kick_off_planned)
    words = gettext_lazy("Programme that names the main actions")
    register_check(kick_off, "programme_names_actions", words, programme_names_actions)
    words = gettext_lazy("Recorded attendance")
    register_check(kick_off, "kick_off_attended", words, kick_off_attended, is_completion=True)
    words = gettext_lazy("Documented kick-off")
    register_check(kick_off, "kick_off_documented", words, kick_off_documented, is_completion=True)

    words = gettext_lazy("Local implementation committee with municipal and private members")
    register_check(pact, "committee_seats", words, committee_seats)
    register_check(pact, "pact_in_force", gettext_lazy("Pact text in force"), pact_in_force)
    register_check(pact, "actions_owned", gettext_lazy("An owner for every pilot action"), actions_owned)
    words = gettext_lazy("A budget for every pilot action that needs one")
    register_check(pact, "actions_budgeted", words, actions_budgeted)
    words = gettext_lazy("An indicator with a baseline and a target for every pilot action")
    register_check(pact, "actions_measured", words, actions_measured)
    words = gettext_lazy("Accepted report for the latest period")
    register_check(pact, "last_period_accepted", words, last_period_accepted, is_completion=True)
