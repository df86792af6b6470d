"""Unpublished, withdrawn and small data are hidden outside the city: on pages, in filters and in revisions."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from cities.models import StoredFile
from core import nightly, triggers
from pilot import gates
from pilot.gates import check_gate
from pilot.services import phases
from strategies.models import (
    ActionUpdate,
    Evidence,
    Indicator,
    PeriodRevision,
    RevisionAction,
    RevisionFile,
    RevisionIndicator,
)
from strategies.period_snapshot import SCHEMA_VERSION, read_period
from strategies.selectors.disclosure import is_few
from strategies.selectors.frozen import redact_for
from strategies.services import periods, plans, updates, values
from tests.factories import (
    ActionFactory,
    IndicatorFactory,
    OrganisationFactory,
    PilotPhaseFactory,
    StoredFileFactory,
    StrategyFactory,
)

from .helpers import update_input

pytestmark = pytest.mark.django_db

OUTSIDE = ["public", "other_official", "former", "superuser", "data_protection"]


@pytest.fixture
def lead(everyone):
    return everyone["lead"]


@pytest.fixture
def coordinator(everyone):
    return everyone["coordinator"]


@pytest.fixture
def shown(city, period):
    """Return a published action of a published strategy."""
    return ActionFactory(city=city, title="Language café", published=True, owner=OrganisationFactory(name="Library"))


@pytest.fixture(params=["unpublished", "withdrawn"])
def hidden(request, shown, lead):
    """Return an unpublished or withdrawn action of the same strategy, with its owner and its indicator."""
    owner = OrganisationFactory(name="House kept back")
    action = ActionFactory(
        objective=shown.objective, title="Action kept back", owner=owner, published=request.param == "withdrawn"
    )
    IndicatorFactory(strategy=shown.strategy, action=action, name="Indicator kept back")
    if request.param == "withdrawn":
        plans.withdraw_part(action, by=lead, reason="Not needed any more.")
    return action


def get_page(client, everyone, role, name, *args):
    client.logout()
    if role != "public":
        client.force_login(everyone[role])
    return client.get(reverse(name if ":" in name else f"strategies:{name}", args=args))


def publish(period, everyone):
    revision = periods.submit_period(period, by=everyone["lead"])
    periods.accept_period(period, by=everyone["coordinator"])
    periods.publish_period(period, by=everyone["lead"])
    return revision


# ---- unpublished and withdrawn actions


@pytest.mark.slow
def test_hidden_action_is_absent_from_pages_outside_the_city(client, everyone, city, hidden):
    indicator = hidden.indicators.get()

    for role in OUTSIDE:
        for name in ("action_list", "indicator_list", "strategy_detail", "swot"):
            page = get_page(client, everyone, role, name, city.slug)
            assert (role, name, page.status_code, "kept back" in page.content.decode()) == (role, name, 200, False)
        refused = get_page(client, everyone, role, "indicator_detail", indicator.pk)
        assert (role, refused.status_code) == (role, 302 if role == "public" else 404)
        assert (role, set(Indicator.objects.visible_to(everyone[role]))) == (role, set())


def test_owner_filter_offers_owners_of_published_actions_only(client, everyone, city, hidden):
    choices = (
        get_page(client, everyone, "public", "action_list", city.slug).context["filter"].form.fields["owner"].queryset
    )

    assert [owner.name for owner in choices] == ["Library"]


def test_indicator_of_an_unpublished_action_is_listed_in_the_city(client, everyone, city, hidden):
    page = get_page(client, everyone, "official", "indicator_list", city.slug).content.decode()

    hidden.refresh_from_db()
    assert ("Indicator kept back" in page) is (hidden.withdrawn_at is None)


@pytest.mark.slow
def test_revision_hides_indicators_of_unpublished_actions_outside_the_network(
    client, everyone, city, period, shown, lead
):
    hidden = ActionFactory(objective=shown.objective, title="Action kept back")
    hidden_indicator, shown_indicator = (
        IndicatorFactory(strategy=shown.strategy, action=action, name=name)
        for action, name in ((hidden, "Indicator kept back"), (shown, "Guests"))
    )
    IndicatorFactory(strategy=shown.strategy, name="Of the whole")
    for indicator in (hidden_indicator, shown_indicator):
        values.set_value(indicator, period, by=lead, value=Decimal(12), visibility="public")
    revision = publish(period, everyone)

    for role in OUTSIDE:
        page = get_page(client, everyone, role, "revision_detail", period.pk, 1).content.decode()
        redacted = redact_for(revision.read(), everyone[role], city)
        assert (role, "kept back" in page) == (role, False)
        assert [indicator.name for indicator in redacted.indicators] == ["Guests", "Of the whole"], role
    assert "kept back" in get_page(client, everyone, "partner", "revision_detail", period.pk, 1).content.decode()


def test_revision_contains_no_indicator_of_a_withdrawn_action(period, hidden, lead):
    names = [entry["name"] for entry in periods.submit_period(period, by=lead).contents["indicators"]]

    hidden.refresh_from_db()
    assert names == ([] if hidden.withdrawn_at else ["Indicator kept back"])


# ---- small figures about people


@pytest.fixture
def indicators(shown, period, everyone):
    """Return an indicator that counts people and another one; both have small public values."""
    official = everyone["official"]
    for people, text in ((2, "A first evening."), (0, "Nobody came."), (5, "A second evening.")):
        updates.log_update(shown, by=official, data=update_input(text, people_reached=people, visibility="public"))
    guests = IndicatorFactory(
        strategy=shown.strategy, action=shown, name="Guests", counts_people=True, baseline=Decimal(1), target=9
    )
    rooms = IndicatorFactory(strategy=shown.strategy, action=shown, name="Rooms", baseline=Decimal(1), target=9)
    for indicator in (guests, rooms):
        values.set_value(indicator, period, by=official, value=Decimal(3), visibility="public")
    return guests, rooms


FEW = "fewer than 5"


@pytest.mark.slow
def test_small_figures_about_people_are_hidden_from_the_public(client, everyone, city, period, shown, indicators):
    publish(period, everyone)

    for role in ("public", "other_official", "former", "superuser"):
        for name, args in (("action_detail", [shown.pk]), ("revision_detail", [period.pk, 1])):
            page = get_page(client, everyone, role, name, *args).content.decode()
            texts = (f"People reached: {FEW}.", "People reached: 2.", "People reached: 0.", "People reached: 5.")
            assert [text in page for text in texts] == [True, False, True, True], (role, name)
        revision = get_page(client, everyone, role, "revision_detail", period.pk, 1).context["snapshot"].indicators
        listed = get_page(client, everyone, role, "indicator_list", city.slug).context["rows"]
        assert {row.name: figures_shown(client, everyone, role, row) for row in indicators} == {
            "Guests": ([FEW], FEW, [[None], [9]], [FEW, FEW], ["", "", FEW]),
            "Rooms": (["3"], "1", [[Decimal(3)], [Decimal(1)], [9]], ["3", "1"], ["3", "1", ""]),
        }, role
        assert [(row.newest.words, row.baseline.words) for row in listed] == [(FEW, FEW), ("3", "1")], role
        assert [(entry.value.value, entry.baseline) for entry in revision] == [(None, None), (3, 1)], role


def figures_shown(client, everyone, role, indicator):
    """Return the values, the baseline, lines and first row of the chart, and the first row of its CSV."""
    page = get_page(client, everyone, role, "indicator_detail", indicator.pk)
    table = client.get(indicator.get_absolute_url(), {"csv": "values"}).content.decode("utf-8-sig").splitlines()
    return (
        [row.figure.words for row in page.context["values"]],
        page.context["baseline"].words,
        [line["y"] for line in page.context["chart"].figure["data"]],
        page.context["chart"].rows[0][1:3],
        [*table[1].split(",")[1:3], table[1].split(",")[6]],
    )


@pytest.mark.slow
def test_small_figures_about_people_are_shown_to_the_city_and_the_network(
    client, everyone, city, period, shown, indicators
):
    publish(period, everyone)

    for role in ("viewer", "lead", "partner", "scientific", "coordinator"):
        for name, args in (("action_detail", [shown.pk]), ("revision_detail", [period.pk, 1])):
            page = get_page(client, everyone, role, name, *args).content.decode()
            assert (role, "People reached: 2." in page) == (role, True)
        page = get_page(client, everyone, role, "indicator_detail", indicators[0].pk)
        listed = get_page(client, everyone, role, "indicator_list", city.slug)
        assert (role, FEW in page.content.decode() + listed.content.decode()) == (role, False)
        assert (role, [row.newest.words for row in listed.context["rows"]]) == (role, ["3", "3"])


@pytest.mark.slow
def test_small_target_about_people_is_hidden_from_the_public(client, everyone, city, period, shown, indicators):
    guests, rooms = indicators
    Indicator.objects.update(target=2)
    publish(period, everyone)

    words = {}
    for role in ("public", "partner", "viewer"):
        listed = get_page(client, everyone, role, "indicator_list", city.slug).context["rows"]
        revision = get_page(client, everyone, role, "revision_detail", period.pk, 1).context["snapshot"].indicators
        pages = [get_page(client, everyone, role, "indicator_detail", row.pk) for row in (guests, rooms)]
        tables = [
            client.get(row.get_absolute_url(), {"csv": "values"}).content.decode("utf-8-sig") for row in indicators
        ]
        words[role] = (
            [row.target.words for row in listed],
            [entry.target for entry in revision],
            [page.context["target"].words for page in pages],
            [len(page.context["chart"].figure["data"]) for page in pages],
            [page.context["chart"].described.rpartition("The target is ")[2] for page in pages],
            [[table.splitlines()[1].split(",")[part] for part in (3, 6)] for table in tables],
        )

    whole = (["2", "2"], [2, 2], ["2", "2"], [3, 3], ["2.", "2."], [["2", ""], ["2", ""]])
    few = ([FEW, "2"], [None, 2], [FEW, "2"], [1, 3], [f"{FEW}.", "2."], [["", FEW], ["2", ""]])
    assert words == {"public": few, "partner": whole, "viewer": whole}


def test_small_earlier_values_about_people_are_hidden_from_the_public(everyone, city, period, shown, indicators):
    guests = indicators[0]
    earlier = {"period": "Before", "value": "4", "visibility": "public"}
    contents = publish(period, everyone).contents
    entry = next(row for row in contents["indicators"] if row["id"] == guests.pk)
    entry["earlier"] = [earlier, earlier | {"value": "0"}, earlier | {"value": "5"}]
    snapshot = read_period(contents, written_by=SCHEMA_VERSION)

    redacted = redact_for(snapshot, everyone["public"], city)

    assert [row.value for row in next(row for row in redacted.indicators if row.id == guests.pk).earlier] == [
        None,
        0,
        5,
    ]


def test_is_few_is_true_for_one_to_four():
    assert [is_few(count) for count in (None, 0, 1, 4, 5, Decimal("-1"))] == [False, False, True, True, False, False]


# ---- hashes


FORGED = [
    (PeriodRevision, {"sha256": "0" * 64}),
    (RevisionAction, {"health": "done"}),
    (RevisionAction, {"progress": 99}),
    (RevisionAction, {"spent": Decimal(1)}),
    (RevisionAction, {"contents": '{"milestones":[]}'}),
    (RevisionIndicator, {"value": Decimal(99)}),
    (RevisionIndicator, {"contents": '{"value":null}'}),
]


@pytest.mark.slow
def test_forged_figures_are_found_by_the_nightly_check(client, everyone, period, shown, indicators):
    revision = publish(period, everyone)
    before = nightly.verify()
    told = f"strategies.periodrevision {revision.pk}: its frozen rows or its snapshot were changed"

    for model, figures in FORGED:
        with transaction.atomic():
            with triggers.triggers_dropped():
                QuerySet(model).update(**figures)
            run = nightly.verify()
            client.force_login(everyone["coordinator"])
            page = client.get(reverse("strategies:my_work")).content.decode()
            transaction.set_rollback(True)
        assert told in run.differences, (model, figures)
        assert reverse("admin:core_verificationrun_change", args=[run.pk]) in page

    assert (before.difference_count, before.checked > 0) == (0, True)


def test_public_lists_have_a_query_limit(
    client, everyone, city, period, shown, indicators, django_assert_max_num_queries
):
    ActionFactory.create_batch(4, objective=shown.objective, published=True)
    publish(period, everyone)
    client.get("/about/")  # reads the installation

    for name in ("action_list", "strategy_detail", "indicator_list"):
        with django_assert_max_num_queries(15):
            get_page(client, everyone, "public", name, city.slug)


# ---- files of a frozen revision


@pytest.fixture
def files(shown, period, everyone):
    """Return one file for each visibility, each attached to its own update."""
    official, by_visibility = everyone["official"], {}
    for visibility in ("city", "network", "public"):
        by_visibility[visibility] = StoredFileFactory(name=f"{visibility}.pdf", uploaded_by=official)
        data = update_input(f"For {visibility}.", visibility=visibility, files=[by_visibility[visibility]])
        updates.log_update(shown, by=official, data=data)
    return by_visibility


def names_for(user):
    return {stored.name.removesuffix(".pdf") for stored in StoredFile.objects.visible_to(user)}


def files_by_role(everyone, *roles):
    return {role: names_for(everyone[role]) for role in roles}


ALL, SHARED, PUBLIC = {"city", "network", "public"}, {"network", "public"}, {"public"}
READERS = ("viewer", "official", "partner", "coordinator", "public", "other_official")


@pytest.mark.parametrize("verb", ["return", "reopen"])
def test_files_of_a_revision_stay_visible_after_return_and_reopen(everyone, period, files, verb):
    lead, coordinator = everyone["lead"], everyone["coordinator"]
    before = files_by_role(everyone, *READERS)
    periods.submit_period(period, by=lead)
    submitted = files_by_role(everyone, *READERS)
    if verb == "return":
        periods.return_period(period, by=coordinator, comments="A figure is missing.")
    else:
        periods.reopen_period(period, by=coordinator, reason="A digit.")
    after_move = files_by_role(everyone, *READERS)

    none_shared = {"partner": set(), "coordinator": set(), "public": set(), "other_official": set()}
    shared = {"partner": SHARED, "coordinator": SHARED, "public": set(), "other_official": set()}
    assert before == {"viewer": ALL, "official": ALL} | none_shared
    assert submitted == after_move == {"viewer": ALL, "official": ALL} | shared


@pytest.mark.slow
def test_file_visibility_changes_with_the_resubmission(client, everyone, shown, period, files):
    lead, coordinator = everyone["lead"], everyone["coordinator"]
    publish(period, everyone)
    published = files_by_role(everyone, *READERS)
    periods.reopen_period(period, by=coordinator, reason="The wrong file.")
    by_visibility = {update.visibility: update for update in ActionUpdate.objects.all()}
    updates.withdraw_evidence(by_visibility["public"].evidence.get(), by=lead)
    data = update_input("For the city after all.", visibility="city", files=[])
    updates.change_update(by_visibility["network"], by=lead, data=data, version=1)
    reopened = files_by_role(everyone, *READERS)
    page = get_page(client, everyone, "public", "action_detail", shown.pk).content.decode()
    periods.submit_period(period, by=lead)
    submitted = files_by_role(everyone, *READERS, "lead")

    city, rest = {"viewer": ALL, "official": ALL}, {"public": PUBLIC, "other_official": PUBLIC}
    assert published == reopened == city | {"partner": SHARED, "coordinator": SHARED} | rest
    assert str(files["public"].uuid) in page
    after_resubmission = {"viewer": ALL - PUBLIC, "official": ALL - PUBLIC, "lead": ALL}
    # the public still sees the published revision
    assert submitted == after_resubmission | {"partner": set(), "coordinator": set()} | rest


def test_file_withdrawn_before_submission_is_visible_to_lead_officials_only(everyone, period, files):
    updates.withdraw_evidence(Evidence.objects.get(file=files["public"]), by=everyone["official"])

    seen = {role for role, user in everyone.items() if "public" in names_for(user)}

    assert seen == {"lead"}


def test_files_of_an_unpublished_action_are_hidden_from_the_public(everyone, shown, period):
    hidden = ActionFactory(objective=shown.objective, title="Kept back")
    stored = StoredFileFactory(name="public.pdf", uploaded_by=everyone["official"])
    data = update_input(visibility="public", files=[stored])
    update = updates.log_update(hidden, by=everyone["official"], data=data)
    publish(period, everyone)

    assert files_by_role(everyone, "public", "other_official", "partner", "viewer") == {
        "public": set(),
        "other_official": set(),
        "partner": PUBLIC,
        "viewer": PUBLIC,
    }
    assert not ActionUpdate.objects.visible_to(everyone["public"]).filter(pk=update.pk).exists()


def test_migration_creates_revision_files_for_old_revisions(everyone, shown, period, files):
    indicator = IndicatorFactory(strategy=shown.strategy)
    value = values.set_value(indicator, period, by=everyone["official"], value=Decimal(7), visibility="public")
    Evidence.objects.create(value=value, file=StoredFileFactory(name="value.pdf", state="used"))
    Evidence.objects.create(value=value, link="https://a.example")
    periods.submit_period(period, by=everyone["lead"])
    rows = RevisionFile.objects.order_by("evidence").values_list("revision", "evidence", "file", "visibility")
    frozen = list(rows)
    migration = import_module("strategies.migrations.0003_revision_files")

    with triggers.triggers_dropped():
        QuerySet(RevisionFile).delete()
        migration.fill(apps, None)

    assert list(rows) == frozen
    assert [visibility for *_ids, visibility in frozen] == ["city", "network", "public", "public"]


# ---- history


HISTORY = {
    "viewer",
    "expert",
    "local_committee",
    "official",
    "lead",
    "coordinator",
    "scientific",
    "scientific_conflicted",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "page, history", [("action_detail", "action_history"), ("indicator_detail", "indicator_history")]
)
def test_history_is_linked_for_roles_that_can_open_it(client, everyone, city, period, shown, page, history):
    pk = shown.pk if page == "action_detail" else IndicatorFactory(strategy=shown.strategy, action=shown).pk
    link = reverse(f"strategies:{history}", args=[pk])

    linked = {role for role in everyone if link in get_page(client, everyone, role, page, pk).content.decode()}
    answered = {role for role in everyone if get_page(client, everyone, role, history, pk).status_code == 200}

    assert linked == answered == HISTORY


@pytest.mark.slow
def test_strategy_history_is_linked_for_roles_that_can_open_it(client, everyone, city, shown):
    link = reverse("strategies:strategy_history", args=[city.slug])

    for role in everyone:
        page = get_page(client, everyone, role, "strategy_detail", city.slug).content.decode()
        assert (role, link in page) == (role, role in HISTORY)


@pytest.mark.parametrize("role", ["coordinator", "scientific", "lead"])
def test_update_history_hides_city_only_versions_from_others(client, everyone, period, shown, role):
    lead = everyone["lead"]
    update = updates.log_update(shown, by=lead, data=update_input("First words.", visibility="network"))
    for text, visibility in (("Only for us.", "city"), ("For all of us.", "network"), ("Said better.", "network")):
        update.refresh_from_db()
        data = update_input(text, visibility=visibility)
        update = updates.change_update(update, by=lead, data=data, version=update.version)
    periods.submit_period(period, by=lead)

    page = get_page(client, everyone, role, "update_history", update.pk).content.decode()

    assert ("Said better." in page, "For all of us." in page) == (True, True)
    assert ("Only for us." in page, "First words." in page) == ((True, True) if role == "lead" else (False, False))


# ---- waivers


@pytest.mark.parametrize("role, sees_reason", [("public", False), ("other_official", False), ("viewer", True)])
def test_waiver_of_a_met_condition_is_hidden_from_the_public(client, everyone, city, role, sees_reason):
    phase = PilotPhaseFactory(city=city)
    StrategyFactory(city=city, published=True)
    condition = next(row.key for row in check_gate(phase, everyone["lead"]) if not row.met)
    phases.waive_requirement(phase, condition, by=everyone["coordinator"], reason="By another way.")
    registered = gates.GATES[phase.kind]
    met = [row._replace(check=lambda city, reader: gates.CheckResult(True, "Done.")) for row in registered]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(gates.GATES, phase.kind, met)
        page = get_page(client, everyone, role, "pilot:phase_list", city.slug).content.decode()

    name = str(everyone["coordinator"])
    assert ("By another way." in page, f"Waived by {name}" in page) == (sees_reason, sees_reason)
