"""Whether an action has a responsible person on a day, from its stored figures."""

from django.db.models import BooleanField, F

from cities.models import Body, Membership
from core.sql import Sql

from .computation import CITY

HAS_RESPONSIBLE = f"""COALESCE({{first}} <= {{today}} AND ({{until}} IS NULL OR {{until}} > {{today}})
AND (NOT {{gaps}} OR EXISTS (
    SELECT 1 FROM {Membership._meta.db_table} epi_m JOIN {Body._meta.db_table} epi_b ON epi_b.id = epi_m.body_id
    WHERE epi_m.person_id = {{person}} AND epi_b.city_id = {{city}} AND epi_m.valid_from <= {{today}}
    AND (epi_m.valid_to IS NULL OR epi_m.valid_to > {{today}})
)), FALSE)"""  # noqa: S608 - names of tables only


def has_responsible(action, today) -> bool:
    """Return the same for one action that was fetched with its figures and city."""
    figures = action.figures
    if figures.responsible_from is None or figures.responsible_from > today:
        return False
    if figures.responsible_until is not None and figures.responsible_until <= today:
        return False
    if not figures.responsible_has_gaps:
        return True
    held = Membership.objects.filter(person=action.responsible_id, body__city=action.owning_city_id)
    return held.current(today).exists()


def has_responsible_expression(today) -> Sql:
    """Only where the memberships of the person have gaps are they looked up again."""
    return Sql(
        HAS_RESPONSIBLE,
        BooleanField(),
        today=today,
        first=F("figures__responsible_from"),
        until=F("figures__responsible_until"),
        gaps=F("figures__responsible_has_gaps"),
        person=F("responsible"),
        city=F(CITY),
    )
