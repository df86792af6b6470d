"""QuerySets, including which rows each user may see (docs/access.md)."""

from decimal import Decimal

from django.db import models
from django.db.models import DecimalField, Exists, Min, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from cities.enums import Role, Visibility
from cities.rules import has_network_role, insider_city_ids, lead_city_ids, official_city_ids, person_of, reads_network
from core.models import FrozenQuerySet
from strategies import revision_access
from strategies.enums import LOCKED, PeriodState, PeriodVerb, StrategyStatus

from . import health

SHARED_VISIBILITIES = [Visibility.NETWORK, Visibility.PUBLIC]


def visible_plan_q(user, strategy: str = "") -> Q:
    """Return a Q for strategies whose plan the user may see. ``strategy``: lookup path to it, with trailing ``__``."""
    seen = Q(**{f"{strategy}published_at__isnull": False})
    if cities := insider_city_ids(user):
        seen |= Q(**{f"{strategy}city__in": cities})
    if has_network_role(user, Role.COORDINATOR):
        return Q()
    if reads_network(user):
        seen |= Q(**{f"{strategy}status": StrategyStatus.ADOPTED})
    return seen


def current_plan_q(strategy: str = "") -> Q:
    """Return a Q for the current strategy, at most one a city. A draft that follows an adopted one is not current."""
    return Q(**{f"{strategy}superseded_at": None}) & started_plan_q(strategy)


def started_plan_q(strategy: str = "") -> Q:
    """Return a Q for all strategies except drafts that follow an adopted one."""
    return Q(**{f"{strategy}replaces": None}) | Q(**{f"{strategy}status": StrategyStatus.ADOPTED})


class StrategyQuerySet(models.QuerySet):
    def current(self):
        return self.filter(current_plan_q())

    def for_pages(self):
        return self.select_related("city", "replaces", "replaced_by")

    def visible_to(self, user):
        return self.filter(visible_plan_q(user))


class StrategyCommentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Comments are visible to people of the city and to coordinators, also after adoption."""
        if has_network_role(user, Role.COORDINATOR):
            return self
        return self.filter(strategy__city__in=insider_city_ids(user))


class ActiveQuerySet(models.QuerySet):
    def standing(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)


class StrategyPartQuerySet(models.QuerySet):
    """Parts of a strategy, visible where the strategy is. Withdrawn parts are visible to officials of the city only."""

    path = "strategy"

    @classmethod
    def for_path(cls, path):
        """Return a subclass whose lookup path to the strategy is ``path``."""
        return type(cls.__name__, (cls,), {"path": path})

    def standing(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        rows = self.filter(visible_plan_q(user, f"{self.path}__"))
        if "withdrawn_at" in {field.name for field in self.model._meta.fields}:
            mine = Q(**{f"{self.path}__city__in": official_city_ids(user)})
            rows = rows.filter(Q(withdrawn_at=None) | mine)
        return rows


class ActionQuerySet(models.QuerySet):
    """The expressions of ``with_progress``, ``with_health`` and so on are defined in ``health.py``."""

    def standing(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)

    def of_city(self, city):
        return self.filter(current_plan_q("objective__area__strategy__"), objective__area__strategy__city=city)

    def with_related(self):
        return self.select_related("objective__area__strategy__city", "objective__area__theme", "owner", "responsible")

    def visible_to(self, user):
        """Actions of visible strategies. Users who see a strategy only because it is published see published ones."""
        if has_network_role(user, Role.COORDINATOR):
            return self
        city, strategy = "objective__area__strategy__city__in", "objective__area__strategy__"
        seen = Q(published_at__isnull=False, withdrawn_at=None) & Q(**{f"{strategy}published_at__isnull": False})
        if reads_network(user):
            seen |= Q(**{f"{strategy}status": StrategyStatus.ADOPTED}, withdrawn_at=None)
        if cities := insider_city_ids(user):
            seen |= Q(**{city: cities})
        return self.filter(seen)

    def with_stage(self, upto=None):
        """Add ``current_stage`` and ``last_update_on`` of the newest active update; None where there is none.

        ``upto``: a ReportingPeriod; facts of later periods are left out. The methods below use it in the same way.
        """
        updates = health.updates_of_action(upto)
        return self.annotate(
            current_stage=Subquery(updates.values("stage")[:1]), last_update_on=Subquery(updates.values("date")[:1])
        )

    def with_progress(self, today=None, upto=None):
        """Add ``progress`` and ``expected`` (per cent), ``next_milestone_on``, ``next_due_on``, ``local_today``.

        ``local_today`` is the date in the city's time zone, or ``today`` if given.
        """
        milestones, day = health.milestones_of_action(), health.today_expression(today)
        stated = health.updates_of_action(upto).filter(progress__isnull=False)
        weigh = health.total(milestones, "action", Sum("weight"))
        reached = health.total(milestones.filter(health.is_reached(upto)), "action", Sum("weight"))
        waiting = health.total(milestones.filter(~health.is_reached(upto)), "action", Min("due_on"))
        rows = self.with_stage(upto).annotate(
            weight_total=Coalesce(weigh, 0),
            weight_done=Coalesce(reached, 0),
            next_milestone_on=waiting,
            stated_progress=Subquery(stated.values("progress")[:1]),
            local_today=day,
        )
        return rows.annotate(
            progress=health.progress_expression(),
            expected=health.expected_expression(day),
            next_due_on=Coalesce("next_milestone_on", "ends_on"),
        )

    def with_money(self, upto=None):
        """Add ``budget_total`` and ``spent_total`` in the city's currency; 0 where nothing is known."""
        from .strategy import BudgetLine

        lines = BudgetLine.objects.filter(action=OuterRef("pk"), withdrawn_at=None)
        money, nothing = DecimalField(max_digits=16, decimal_places=2), Value(Decimal(0))
        return self.annotate(
            budget_total=Coalesce(health.total(lines, "action", Sum("amount")), nothing, output_field=money),
            spent_total=Coalesce(
                health.total(health.updates_of_action(upto), "action", Sum("spent")), nothing, output_field=money
            ),
        )

    def with_health(self, today=None, upto=None):
        """Add ``health`` and everything it is derived from. ``today`` replaces the date in the city."""
        rows = self.with_progress(today, upto)
        return rows.annotate(health=health.health_expression(health.today_expression(today)))

    def for_list_page(self, today=None):
        """Add everything that a list of actions shows, in one query."""
        return self.with_related().with_health(today).with_money()

    def loggable_by(self, user):
        """Active actions that the user may log on: all of the city for officials, own ones for responsible people."""
        person, insider = person_of(user), insider_city_ids(user)
        if person is None or not insider:
            return self.none()
        deputy = self.model.deputies.through.objects.filter(action=OuterRef("pk"), person=person.pk)
        mine = (Q(responsible=person.pk) | Exists(deputy)) & Q(objective__area__strategy__city__in=insider)
        official = Q(objective__area__strategy__city__in=official_city_ids(user))
        return self.standing().filter(official | mine, started_plan_q("objective__area__strategy__"))


class IndicatorQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        """Indicators whose strategy and action the user may see; withdrawn ones for officials of the city only."""
        standing = Q(withdrawn_at=None) | Q(strategy__city__in=official_city_ids(user))
        return self.in_visible_plans(user).filter(standing)

    def in_visible_plans(self, user):
        """Like ``visible_to``, but with withdrawn indicators, because their submitted values stay readable."""
        from .strategy import Action

        measures = Q(action=None) | Q(action__in=Action.objects.visible_to(user))
        return self.filter(visible_plan_q(user, "strategy__"), measures)


class CityPeriodQuerySet(models.QuerySet):
    def unlocked(self):
        return self.exclude(state__in=LOCKED)

    def visible_to(self, user):
        """State and completeness: for people of the city and readers of the network.

        For everyone else once a revision was published, or if they have access to a revision for a task.
        """
        from .periods import PeriodMove, PeriodRevision

        if reads_network(user):
            return self
        published = PeriodMove.objects.filter(city_period=OuterRef("pk"), verb=PeriodVerb.PUBLISH)
        given = PeriodRevision.objects.granted_to(user).filter(city_period=OuterRef("pk"))
        return self.filter(Q(city__in=insider_city_ids(user)) | Exists(published) | Exists(given))


class PeriodRevisionQuerySet(FrozenQuerySet):
    """QuerySet of a frozen model: it can read and insert only."""

    def visible_to(self, user):
        """All revisions for readers of the network; else those of the user's cities, published ones, and for a task.

        ``selectors.frozen`` reduces what a revision shows to the user: records of visibility *city* are shown to
        people of the city only.
        """
        from .periods import PeriodMove

        if reads_network(user):
            return self
        published = PeriodMove.objects.filter(
            city_period=OuterRef("city_period"), verb=PeriodVerb.PUBLISH, revision=OuterRef("number")
        )
        own = Q(city_period__city__in=insider_city_ids(user))
        return self.filter(own | Exists(published) | revision_access.granted_to(user))

    def granted_to(self, user):
        """Revisions that apps above give the user access to for a task. The user reads them as the network does."""
        return self.filter(revision_access.granted_to(user))

    def newest_readable_id(self, user):
        """Return a subquery for an outer query with ``revision``: id of the period's newest revision for the user."""
        rows = self.visible_to(user).filter(city_period=OuterRef("revision__city_period"))
        return Subquery(rows.order_by("-number").values("pk")[:1])


class RevisionFileQuerySet(FrozenQuerySet):
    def visible_to(self, user):
        """Files listed for the user in the newest readable revision, and in revisions given for a task."""
        from .periods import PeriodRevision

        own = Q(revision__city_period__city__in=insider_city_ids(user))
        if reads_network(user):
            listed = own | Q(visibility__in=SHARED_VISIBILITIES)
        else:
            plan = visible_action_q(user, "evidence__update__action") | visible_indicator_q(
                user, "evidence__value__indicator"
            )
            listed = own | (Q(visibility=Visibility.PUBLIC) & plan)
        given = Q(revision__in=PeriodRevision.objects.granted_to(user).values("pk"))
        newest = Q(revision=PeriodRevision.objects.newest_readable_id(user))
        return self.filter((newest & listed) | (given & (own | Q(visibility__in=SHARED_VISIBILITIES))))


def visible_action_q(user, path: str = "action") -> Q:
    from .strategy import Action

    return Q(**{f"{path}__in": Action.objects.visible_to(user)})


def visible_indicator_q(user, path: str = "indicator") -> Q:
    from .indicators import Indicator

    return Q(**{f"{path}__in": Indicator.objects.in_visible_plans(user)})


def visible_facts_q(user, plan: Q, prefix: str = "") -> Q:
    """Return a Q for live facts: all of the user's cities, submitted ones of other cities by their visibility.

    A reopened period is read from its revision instead. ``plan``: Q for facts whose action or indicator the user may
    see, required for the public. ``prefix``: lookup path to the fact, with trailing ``__``.
    """
    period = f"{prefix}city_period__"
    own = Q(**{f"{period}city__in": insider_city_ids(user)})
    not_withdrawn = Q(**{f"{prefix}withdrawn_at": None})
    officials = Q(**{f"{period}city__in": official_city_ids(user)})
    public = Q(**{f"{prefix}visibility": Visibility.PUBLIC, f"{period}state": PeriodState.PUBLISHED}) & plan
    seen = (own & not_withdrawn) | officials | (public & not_withdrawn)
    if reads_network(user):
        seen |= Q(**{f"{prefix}visibility__in": SHARED_VISIBILITIES, f"{period}state__in": LOCKED}) & not_withdrawn
    return seen


class ActionUpdateQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(withdrawn_at=None)

    def newest_first(self):
        return self.order_by("-date", "-pk")

    def visible_to(self, user):
        return self.filter(visible_facts_q(user, visible_action_q(user)))


class IndicatorValueQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        return self.filter(visible_facts_q(user, visible_indicator_q(user)))


class EvidenceQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        """Evidence whose update or value the user may see; withdrawn evidence for lead officials of the city only."""
        of_update = visible_facts_q(user, visible_action_q(user, "update__action"), "update__")
        of_value = visible_facts_q(user, visible_indicator_q(user, "value__indicator"), "value__")
        leads = lead_city_ids(user)
        led = Q(update__city_period__city__in=leads) | Q(value__city_period__city__in=leads)
        seen = (of_update & Q(update__isnull=False)) | (of_value & Q(value__isnull=False))
        return self.filter(seen).filter(Q(withdrawn_at=None) | led)
