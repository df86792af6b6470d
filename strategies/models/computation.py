"""The full computation of an action's figures in SQL: the definition of ``ActionFigures``.

It is also the only source where ``upto``, a ReportingPeriod, leaves out the facts of later periods. Each function takes
a queryset of actions and returns it with annotations.
"""

from datetime import date
from decimal import Decimal

from django.apps import apps
from django.db import models
from django.db.models import Case, Count, DecimalField, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Round

from cities.models import Membership

from . import health

CITY = "objective__area__strategy__city"
ALWAYS = date.min  # first day of a responsible person who never had a membership in the city
MONEY, NOTHING = DecimalField(max_digits=16, decimal_places=2), Value(Decimal(0))


def with_stage(rows, upto=None):
    updates = updates_of_action(upto)
    return rows.annotate(
        current_stage=Subquery(updates.values("stage")[:1]), last_update_on=Subquery(updates.values("date")[:1])
    )


def with_milestones(rows, upto=None):
    """Add everything of ``with_progress`` that does not depend on the day. Dropped milestones have no weight."""
    milestones = milestones_of_action()
    reached, is_open = milestones.filter(is_reached(upto)), ~is_reached(upto) & ~is_dropped(upto)
    kept = milestones.filter(is_reached(upto) | ~is_dropped(upto))
    stated = updates_of_action(upto).filter(progress__isnull=False)
    return with_stage(rows, upto).annotate(
        weight_total=Coalesce(total(kept, "action", Sum("weight")), 0),
        weight_done=Coalesce(total(reached, "action", Sum("weight")), 0),
        milestone_count=Coalesce(total(milestones, "action", Count("pk")), 0),
        reached_count=Coalesce(total(reached, "action", Count("pk")), 0),
        next_milestone_on=total(milestones.filter(is_open), "action", Min("due_on")),
        stated_progress=Subquery(stated.values("progress")[:1]),
        progress=health.progress_expression(),
    )


def with_money(rows, upto=None):
    lines = _model("BudgetLine").objects.filter(action=OuterRef("pk"), withdrawn_at=None)
    return rows.annotate(
        budget_total=Coalesce(total(lines, "action", Sum("amount")), NOTHING, output_field=MONEY),
        spent_total=Coalesce(total(updates_of_action(upto), "action", Sum("spent")), NOTHING, output_field=MONEY),
    )


def with_responsible(rows, today):
    held = memberships_of_responsible()
    stays = Exists(held.current(today)) | ~Exists(held)
    has_responsible = Q(responsible__isnull=False) & stays
    return rows.annotate(has_responsible=models.ExpressionWrapper(has_responsible, output_field=models.BooleanField()))


def with_figures(rows):
    """Add every column of ``ActionFigures``, under its name."""
    reached = Sum("people_reached")
    return with_money(with_milestones(rows)).annotate(
        stage=F("current_stage"),
        budget_total=Round("budget_total", precision=2),  # SQLite adds decimals as floats
        spent_total=Round("spent_total", precision=2),
        people_reached=Coalesce(total(updates_of_action(), "action", reached), 0),
        **_responsible_days(),
    )


def _responsible_days() -> dict:
    held = memberships_of_responsible()
    lasting = held.filter(lasts())
    nobody, never_member = When(responsible=None, then=None), ~Exists(held)
    until = Case(
        nobody,
        When(never_member | Exists(lasting.filter(valid_to=None)), then=None),
        default=total(lasting, "person", Max("valid_to")),
        output_field=models.DateField(),
    )
    first = Case(
        nobody,
        When(never_member, then=Value(ALWAYS)),
        default=total(lasting, "person", Min("valid_from")),
        output_field=models.DateField(),
    )
    return {
        "responsible_from": first,
        "responsible_until": until,
        "responsible_has_gaps": Exists(lasting.filter(_earlier(), ~_earlier(touching=True))),
    }


def _earlier(*, touching: bool = False) -> Exists:
    """Return whether the person of the outer membership had an earlier one in the city; one that leads up to it."""
    same = {"person": OuterRef("person"), "body__city": OuterRef("body__city")}
    rows = Membership.objects.filter(lasts(), valid_from__lt=OuterRef("valid_from"), **same).order_by()
    return Exists(rows.filter(Q(valid_to=None) | Q(valid_to__gte=OuterRef("valid_from"))) if touching else rows)


def lasts() -> Q:
    """Return whether a membership has a day."""
    return Q(valid_to=None) | Q(valid_to__gt=F("valid_from"))


# ---- rows of the outer action


def memberships_of_responsible() -> models.QuerySet:
    return Membership.objects.filter(person=OuterRef("responsible"), body__city=OuterRef(CITY)).order_by()


def updates_of_action(upto=None) -> models.QuerySet:
    """Return the active updates of the outer action, newest first; only of the period ``upto`` and earlier ones."""
    updates = _model("ActionUpdate").objects.filter(action=OuterRef("pk"), withdrawn_at=None)
    if upto is not None:
        updates = updates.filter(city_period__period__starts_on__lte=upto.starts_on)
    return updates.order_by("-date", "-pk")


def milestones_of_action() -> models.QuerySet:
    return _model("Milestone").objects.filter(action=OuterRef("pk"), withdrawn_at=None).order_by()


def is_reached(upto=None) -> Exists:
    """Return whether an active update has reached the outer milestone."""
    return Exists(outcomes_of_milestone("MilestoneReached", upto))


def is_dropped(upto=None) -> Exists:
    """Return whether an active update has dropped the outer milestone. One that is reached too counts as reached."""
    return Exists(outcomes_of_milestone("MilestoneDropped", upto))


def outcomes_of_milestone(outcome: str, upto=None) -> models.QuerySet:
    """Return the rows of the model ``outcome`` of the outer milestone that count."""
    rows = _model(outcome).objects.filter(milestone=OuterRef("pk"), update__withdrawn_at=None)
    return rows if upto is None else rows.filter(update__city_period__period__starts_on__lte=upto.starts_on)


def total(rows: models.QuerySet, outer: str, expression) -> Subquery:
    """Return a subquery that aggregates ``rows`` of one outer row, without a join that would multiply rows."""
    return Subquery(rows.order_by().values(outer).annotate(epi_total=expression).values("epi_total")[:1])


def _model(name: str):
    """Return a model of this app; ``actions.py``, which imports this module, defines some of them."""
    return apps.get_model("strategies", name)
