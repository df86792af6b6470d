"""The site's own database role, made by the SQL of docs/deployment.md, does its work and cannot remove a lock."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.urls import reverse

from core import triggers
from evaluation.models import EvaluationResult
from reports.documents.render import RenderedFile
from reports.models import Report
from reports.services import reports
from strategies.services import periods
from tests.evaluation.conftest import make_case
from tests.reports.test_report_tasks import queued
from tests.strategies.helpers import an_official
from tests.strategies.lock_data import make_facts

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(settings.IS_SQLITE, reason="SQLite has no roles"),
]


def execute(*statements):
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def role():
    """Make both roles as documented, under names of their own, and act as the site's role until the rollback."""
    [sql] = re.findall(r"^```sql\n(.+?)^```", (Path(settings.BASE_DIR) / "docs/deployment.md").read_text(), re.M | re.S)
    database = connection.settings_dict["NAME"]
    for name in ("epi_site", "epi_migrations"):
        sql = sql.replace(name, f"{database}_{name}")
    execute(sql.replace("DATABASE epi ", f'DATABASE "{database}" '))
    execute(f'SET LOCAL ROLE "{database}_epi_migrations"', "CREATE TABLE made_later (id serial)")
    execute(f'SET LOCAL ROLE "{database}_epi_site"')
    return f"{database}_epi_site"


def test_site_role_does_the_work_of_the_site(role, city, other_city, everyone, client):
    lead, official = everyone["lead"], an_official(city)
    facts = make_facts(city, official, lead)
    periods.submit_period(facts.city_period, by=lead)
    case = make_case(other_city).to("published")
    report = queued("riga")
    reports.finish_report(report, token=Report.objects.claim(report.pk), files=[RenderedFile("a", "text/plain", b"a")])
    client.force_login(lead)

    assert client.get(reverse("strategies:my_work")).status_code == 200
    assert EvaluationResult.objects.filter(evaluation=case.pk).exists()
    assert Report.objects.get(pk=report.pk).state == "ready"
    assert triggers.check_installed(None, ["default"]) == []
    execute("INSERT INTO made_later DEFAULT VALUES", "DELETE FROM made_later")
    with pytest.raises(IntegrityError, match="epi: the period is locked"):
        execute("UPDATE strategies_actionupdate SET text = 'no'")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER epi_strategies_actionupdate_upd ON strategies_actionupdate",
        "ALTER TABLE strategies_actionupdate DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION epi_strategies_actionupdate_upd() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RETURN NEW; END $$",
        "CREATE TRIGGER epi_a BEFORE UPDATE ON strategies_actionupdate EXECUTE FUNCTION epi_no_truncate()",
        "SET session_replication_role = replica",
        "TRUNCATE core_forminput",
        "DROP TABLE core_forminput",
        "DROP TABLE made_later",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE strategies_cityperiod (id int, state text)",
        "DELETE FROM pg_trigger",
    ],
)
def test_site_role_cannot_change_tables_or_triggers(role, statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        execute(statement)
