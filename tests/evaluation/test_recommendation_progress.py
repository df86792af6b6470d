"""Progress on recommendations: a fact of the city's period, frozen with it and counted in its completeness."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.models import Mail
from core import clock
from core.exceptions import EditConflict, InputRefused, PermissionRefused
from evaluation.exceptions import RecommendationClosed, RecommendationNotPossible
from evaluation.models import RecommendationProgress
from evaluation.selectors.recommendation_progress import frozen_recommendations, reportable_periods
from evaluation.selectors.recommendation_work import recommendation_rows
from evaluation.services import recommendations
from evaluation.services.recommendation_progress import report_progress
from strategies.exceptions import PeriodLocked
from strategies.models import CityPeriod
from strategies.selectors.completeness import completeness
from strategies.services import periods
from tests.factories import (
    CityFactory,
    CityPeriodFactory,
    ManagementResponseFactory,
    RecommendationFactory,
    RecommendationProgressFactory,
    ReportingPeriodFactory,
    StrategyFactory,
    move_to,
    one_for_each_role,
)

pytestmark = pytest.mark.django_db

SAID = "Two courses have started."


@pytest.fixture
def city(db):
    return CityFactory(name="Linköping")


@pytest.fixture
def roles(city):
    return one_for_each_role(city, CityFactory(name="Ghent"))


@pytest.fixture
def answered(city, roles):
    return ManagementResponseFactory(recommendation__city=city, responsible=roles["official"].person).recommendation


@pytest.fixture
def period(city):
    return CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=0), to_state="open")


def report(row, period, by, **more):
    return report_progress(row, period, by=by, **{"text": SAID, "version": 0} | more)


def test_first_report_starts_the_recommendation_and_is_changed_by_version(roles, answered, period):
    row = report(answered, period, roles["official"])
    changed = report(answered, period, roles["lead"], text="Three courses.", version=row.version)

    answered.refresh_from_db()
    assert (answered.state, answered.progress.get().text, changed.pk) == ("in_progress", "Three courses.", row.pk)
    assert [transition.verb for transition in answered.transitions.all()] == ["issue", "answer", "start"]
    with pytest.raises(EditConflict):
        report(answered, period, roles["official"])
    with pytest.raises(InputRefused):
        report(answered, period, roles["official"], text=" ", version=changed.version)


@pytest.mark.parametrize(
    "name", ["viewer", "expert", "other_official", "former", "superuser", "coordinator", "scientific", "partner"]
)
def test_others_report_nothing_by_service_or_page(client, roles, answered, period, name):
    address = reverse("evaluation:recommendation_progress", args=[answered.pk, period.pk])
    client.force_login(roles[name])

    with pytest.raises(PermissionRefused):
        report(answered, period, roles[name])
    assert client.post(address, {"text": SAID, "version": 0}).status_code in {403, 404}

    assert not RecommendationProgress.objects.exists()


def test_period_of_another_city_is_refused_by_service_page_and_database(client, roles, answered, period):
    other = CityPeriodFactory(period=period.period, to_state="open")
    client.force_login(roles["official"])

    for wrong in (other, period.period):
        with pytest.raises(InputRefused):
            report(answered, wrong, roles["official"])
    address = reverse("evaluation:recommendation_progress", args=[answered.pk, other.pk])
    assert client.post(address, {"text": SAID, "version": 0}).status_code == 404
    for fields in ({"city_period": other}, {"city_period": None, "period": period.period}):
        with pytest.raises(IntegrityError, match="of the addressed city"), transaction.atomic():
            RecommendationProgressFactory(recommendation=answered, **fields)


@pytest.mark.parametrize("state", ["submitted", "accepted", "published"])
def test_progress_in_a_locked_period_is_refused_by_every_route(client, roles, answered, period, state):
    row = report(answered, period, roles["official"])
    second = ManagementResponseFactory(recommendation__city=answered.city).recommendation
    locked = move_to(period, state)
    client.force_login(roles["official"])

    for recommendation, version in ((answered, row.version), (second, 0)):
        with pytest.raises(PeriodLocked):
            report(recommendation, locked, roles["official"], text="Late.", version=version)
        address = reverse("evaluation:recommendation_progress", args=[recommendation.pk, locked.pk])
        page = client.post(address, {"text": "Late.", "version": version})
        assert "form" in page.context
        assert page.context["form"].errors
    row.text = "Late."
    table = RecommendationProgress._meta.db_table
    new = RecommendationProgressFactory.build(recommendation=second, city_period=locked, author=row.author)

    def sql(statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)

    for write in (
        row.save,
        row.delete,
        new.save,
        lambda: RecommendationProgress.objects.update(text="Late."),
        lambda: RecommendationProgress.objects.bulk_create([new]),
        lambda: RecommendationProgress.objects.bulk_update([row], ["text"]),
        lambda: sql(f"UPDATE {table} SET text = 'Late.'"),
        lambda: sql(f"DELETE FROM {table}"),
    ):
        with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
            write()

    assert RecommendationProgress.objects.get().text == SAID


def test_progress_is_neither_moved_nor_deleted_in_an_open_period(roles, answered, period):
    row = report(answered, period, roles["official"])
    other = ManagementResponseFactory(recommendation__city=answered.city).recommendation

    for write in (
        lambda: RecommendationProgress.objects.update(recommendation=other),
        row.delete,
    ):
        with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
            write()


def test_progress_needs_a_recommendation_that_is_under_way(roles, city, period):
    issued = RecommendationFactory(city=city, verbs=("issue",))
    done = ManagementResponseFactory(recommendation__city=city).recommendation
    row = report(done, period, roles["official"])
    recommendations.complete(done, by=roles["coordinator"])

    with pytest.raises(RecommendationNotPossible):
        report(issued, period, roles["official"])
    with pytest.raises(RecommendationClosed):
        report(done, period, roles["official"], version=row.version)
    for recommendation in (issued, ManagementResponseFactory(decision="reject", reason="No.").recommendation):
        with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
            RecommendationProgressFactory(recommendation=recommendation, city_period=period)
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        RecommendationProgress.objects.filter(pk=row.pk).update(text="Late.")


# ---- who sees it


def test_progress_is_seen_by_the_city_then_by_the_network_then_by_everyone(roles, city, answered, period):
    row = report(answered, period, roles["official"])
    recommendations.publish(answered, by=roles["lead"])

    def seen():
        return {name for name, user in roles.items() if RecommendationProgress.objects.visible_to(user)}

    insiders = {"viewer", "expert", "local_committee", "official", "lead"}
    network = {"partner", "trainer", "scientific", "scientific_conflicted", "coordinator"}
    assert seen() == insiders
    move_to(period, "submitted")
    assert seen() == insiders | network
    move_to(period, "published")
    assert seen() == set(roles)
    assert {
        name for name, user in roles.items() if user.has_perm("evaluation.view_recommendationprogress", row)
    } == set(roles)
    assert row.owning_city_id == city.pk


def test_progress_of_an_unpublished_recommendation_stays_hidden_in_a_published_period(roles, answered, period):
    report(answered, period, roles["official"])
    move_to(period, "published")

    assert not RecommendationProgress.objects.visible_to(roles["public"]).exists()
    assert not RecommendationProgress.objects.visible_to(roles["other_official"]).exists()


# ---- what is done


def test_done_progress_asks_to_confirm_completion_once(roles, answered, period):
    row = report(answered, period, roles["official"], is_done=True)
    report(answered, period, roles["official"], is_done=True, text="And more.", version=row.version)

    mails = Mail.objects.filter(key__startswith="recommendation-done")
    assert [mail.recipient for mail in mails] == [roles["coordinator"].email]
    assert [str(row.title) for row in recommendation_rows(roles["coordinator"])] == [
        "Recommendation to Linköping: confirm completion"
    ]
    assert recommendation_rows(roles["scientific"]) == []


def test_coordinator_reports_for_the_network_in_a_reporting_period(client, roles, period):
    row = ManagementResponseFactory(
        recommendation=RecommendationFactory(city=None, verbs=("issue",)), responsible=roles["coordinator"].person
    ).recommendation
    address = reverse("evaluation:recommendation_progress", args=[row.pk, period.period.pk])
    client.force_login(roles["coordinator"])
    assert period.period in reportable_periods(row)

    page = client.get(row.get_absolute_url())
    assert address in page.content.decode()
    assert client.post(address, {"text": SAID, "version": 0}).status_code == 302

    assert SAID in client.get(row.get_absolute_url()).content.decode()
    assert RecommendationProgress.objects.visible_to(roles["partner"]).exists()
    assert not RecommendationProgress.objects.visible_to(roles["public"]).exists()
    assert frozen_recommendations(period) == []


# ---- completeness and revision


def test_completeness_counts_recommendations_until_they_are_closed(client, roles, city, answered, period):
    StrategyFactory(city=city, published=True)
    before = completeness(period)
    client.force_login(roles["official"])
    page = client.get(period.get_absolute_url()).content.decode()

    assert [(part.total, part.reported) for part in before.parts] == [(1, 0)]
    assert [gap.url for gap in before.missing if gap.kind == "recommendation"] == [
        reverse("evaluation:recommendation_progress", args=[answered.pk, period.pk])
    ]
    assert "recommendations reported on" in page
    row = report(answered, period, roles["official"])
    after = completeness(period)
    assert (after.total, after.done_count) == (before.total, before.done_count + 1)
    assert not [gap for gap in after.missing if gap.kind == "recommendation"]
    recommendations.complete(answered, by=roles["coordinator"])
    assert [(part.total, part.reported) for part in completeness(period).parts] == [(1, 1)]
    later = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1))
    assert completeness(later).parts == []
    assert str(row) == SAID


def test_recommendation_answered_after_the_period_is_not_due_in_it(city, answered):
    earlier = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="open")

    assert completeness(earlier).parts == []


def test_submission_freezes_recommendations_without_names(roles, city, answered, period):
    StrategyFactory(city=city, published=True)
    report(answered, period, roles["official"])
    RecommendationFactory(city=city, text="A draft.")
    RecommendationFactory(city=city, text="Not answered.", verbs=("issue",))
    periods.save_narrative(period, by=roles["official"], text="Much.", language="en", version=1)

    revision = periods.submit_period(period, by=roles["lead"], on_behalf_of=roles["lead"].person)

    frozen = revision.contents["recommendations"]
    assert [(row["text"], row["state"]) for row in frozen] == [
        (answered.text, "in_progress"),
        ("Not answered.", "issued"),
    ]
    assert frozen[0]["progress"] == [{"text": SAID, "is_done": False}]
    assert frozen[0]["response"]["responsible"]["role"] == "official"
    assert frozen[1]["response"] is None
    assert roles["official"].person.name not in revision.snapshot
    assert revision.read().parts["recommendations"] == frozen
    with pytest.raises(PeriodLocked):
        report(answered, CityPeriod.objects.get(pk=period.pk), roles["official"], version=1)


def test_frozen_response_of_somebody_who_was_no_member_has_no_role(city, period):
    ManagementResponseFactory(recommendation__city=city, responsible__organisation=None)
    ManagementResponseFactory(recommendation__city=city, decision="reject", responsible=None, due_on=None)

    first, second = frozen_recommendations(period)

    assert first["response"]["responsible"] == {"organisation": "", "body": "", "role": ""}
    assert (second["state"], second["response"]["responsible"]) == ("rejected", None)


def test_next_period_is_offered_where_none_has_started(city, answered):
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="submitted")
    coming = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=1))
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=2))

    assert reportable_periods(answered) == [coming]


def test_edit_conflict_of_progress_shows_both_versions(client, roles, answered, period):
    report(answered, period, roles["lead"], text="By the lead.")
    client.force_login(roles["official"])
    address = reverse("evaluation:recommendation_progress", args=[answered.pk, period.pk])

    late = client.post(address, {"text": "By the official.", "version": 0})

    assert late.status_code == 409
    assert "By the lead." in late.content.decode()
    recommendations.complete(answered, by=roles["coordinator"])
    assert "By the lead." in client.get(answered.get_absolute_url()).content.decode()
    assert clock.today() + timedelta(days=90) == answered.response.due_on
