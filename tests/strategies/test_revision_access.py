"""What readers outside a city see of records it does not share: on pages, in filters, in revisions."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db.models import QuerySet
from django.urls import reverse

from cities.models import StoredFile
from core import triggers
from core.exceptions import HashMismatch
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

from .helpers import told

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
    """An action of a published strategy that everybody may read."""
    return ActionFactory(city=city, title="Language café", published=True, owner=OrganisationFactory(name="Library"))


@pytest.fixture(params=["unpublished", "withdrawn"])
def hidden(request, shown, lead):
    """An unpublished action of the same strategy, with its owner and its indicator."""
    owner = OrganisationFactory(name="House kept back")
    action = ActionFactory(
        objective=shown.objective, title="Action kept back", owner=owner, published=request.param == "withdrawn"
    )
    IndicatorFactory(strategy=shown.strategy, action=action, name="Indicator kept back")
    if request.param == "withdrawn":
        plans.withdraw_action(action, by=lead, reason="Not needed any more.")
    return action


def read(client, everyone, role, name, *args):
    client.logout()
    if role != "public":
        client.force_login(everyone[role])
    return client.get(reverse(name if ":" in name else f"strategies:{name}", args=args))


def publish(period, everyone):
    revision = periods.submit_period(period, by=everyone["lead"])
    periods.accept_period(period, by=everyone["coordinator"])
    periods.publish_period(period, by=everyone["lead"])
    return revision


# ---- actions that are not published, or withdrawn


@pytest.mark.parametrize("role", OUTSIDE)
def test_action_kept_back_is_on_no_page_and_in_no_filter(client, everyone, city, hidden, role):
    indicator = hidden.indicators.get()

    for name in ("action_list", "indicator_list", "strategy_detail", "swot"):
        page = read(client, everyone, role, name, city.slug)
        assert (name, page.status_code, "kept back" in page.content.decode()) == (name, 200, False)
    refused = read(client, everyone, role, "indicator_detail", indicator.pk)

    assert refused.status_code == (302 if role == "public" else 404)
    assert set(Indicator.objects.visible_to(everyone[role])) == set()


def test_owner_of_a_shown_action_is_a_choice(client, everyone, city, hidden):
    choices = read(client, everyone, "public", "action_list", city.slug).context["filter"].form.fields["owner"].queryset

    assert [owner.name for owner in choices] == ["Library"]


def test_city_goes_on_reading_what_it_keeps_back(client, everyone, city, hidden):
    page = read(client, everyone, "official", "indicator_list", city.slug).content.decode()

    assert "Indicator kept back" in page


@pytest.mark.parametrize("role", OUTSIDE)
def test_revision_tells_others_no_indicator_of_an_action_kept_back(
    client, everyone, city, period, shown, lead, coordinator, role
):
    hidden = ActionFactory(objective=shown.objective, title="Action kept back")
    kept, other = (
        IndicatorFactory(strategy=shown.strategy, action=action, name=name)
        for action, name in ((hidden, "Indicator kept back"), (shown, "Guests"))
    )
    IndicatorFactory(strategy=shown.strategy, name="Of the whole")
    for indicator in (kept, other):
        values.set_value(indicator, period, by=lead, value=Decimal(12), visibility="public")
    revision = publish(period, everyone)

    page = read(client, everyone, role, "revision_detail", period.pk, 1).content.decode()
    cut = redact_for(revision.contents, everyone[role], city)

    assert "kept back" not in page
    assert [entry["name"] for entry in cut["indicators"]] == ["Guests", "Of the whole"]
    assert "kept back" in read(client, everyone, "partner", "revision_detail", period.pk, 1).content.decode()


def test_revision_plans_no_indicator_of_a_withdrawn_action(period, hidden, lead):
    names = [entry["name"] for entry in periods.submit_period(period, by=lead).contents["indicators"]]

    hidden.refresh_from_db()
    assert names == ([] if hidden.withdrawn_at else ["Indicator kept back"])


# ---- single figures of few people


@pytest.fixture
def counted(shown, period, everyone):
    """Public figures of two people reached and three guests, and an indicator that does not count people."""
    official = everyone["official"]
    for people, text in ((2, "A first evening."), (0, "Nobody came."), (5, "A second evening.")):
        updates.log_update(shown, by=official, data=told(text, people_reached=people, visibility="public"))
    guests = IndicatorFactory(
        strategy=shown.strategy, action=shown, name="Guests", counts_people=True, baseline=Decimal(1), target=9
    )
    rooms = IndicatorFactory(strategy=shown.strategy, action=shown, name="Rooms", baseline=Decimal(1), target=9)
    for indicator in (guests, rooms):
        values.set_value(indicator, period, by=official, value=Decimal(3), visibility="public")
    return guests, rooms


FEW = "fewer than 5"


@pytest.mark.parametrize("role", ["public", "other_official", "former", "superuser"])
def test_few_people_are_told_to_the_public_in_words(client, everyone, city, period, shown, counted, role):
    publish(period, everyone)
    guests, rooms = counted

    for name, args in (("action_detail", [shown.pk]), ("revision_detail", [period.pk, 1])):
        page = read(client, everyone, role, name, *args).content.decode()
        assert f"People reached: {FEW}." in page
        assert "People reached: 2." not in page
        assert ("People reached: 0." in page, "People reached: 5." in page) == (True, True)
    revision = read(client, everyone, role, "revision_detail", period.pk, 1).context["contents"]["indicators"]
    listed = read(client, everyone, role, "indicator_list", city.slug).context["rows"]
    shown_of = {}
    for indicator in (guests, rooms):
        page = read(client, everyone, role, "indicator_detail", indicator.pk)
        table = client.get(indicator.get_absolute_url(), {"csv": "values"}).content.decode("utf-8-sig").splitlines()
        lines = [line["y"] for line in page.context["chart"].figure["data"]]
        shown_of[indicator.name] = (
            [row.figure.words for row in page.context["values"]],
            page.context["baseline"].words,
            lines,
            page.context["chart"].rows[0][1:3],
            table[-1].split(",")[1:3],
        )

    assert shown_of == {
        "Guests": ([FEW], FEW, [[None], [9]], [FEW, FEW], [FEW, FEW]),
        "Rooms": (["3"], "1", [[Decimal(3)], [Decimal(1)], [9]], ["3", "1"], ["3", "1"]),
    }
    assert [(row.newest.words, row.baseline.words) for row in listed] == [(FEW, FEW), ("3", "1")]
    assert [(entry["value"]["value"], entry["baseline"]) for entry in revision] == [(None, None), ("3", "1")]


@pytest.mark.parametrize("role", ["viewer", "lead", "partner", "scientific", "coordinator"])
def test_few_people_are_told_to_the_city_and_the_network_as_they_are(
    client, everyone, city, period, shown, counted, role
):
    publish(period, everyone)

    for name, args in (("action_detail", [shown.pk]), ("revision_detail", [period.pk, 1])):
        assert "People reached: 2." in read(client, everyone, role, name, *args).content.decode()
    page = read(client, everyone, role, "indicator_detail", counted[0].pk)
    listed = read(client, everyone, role, "indicator_list", city.slug)
    assert FEW not in page.content.decode() + listed.content.decode()
    assert [row.newest.words for row in listed.context["rows"]] == ["3", "3"]


def test_a_target_of_few_people_is_told_to_the_public_in_words(client, everyone, city, period, shown, counted):
    guests, rooms = counted
    Indicator.objects.update(target=2)
    publish(period, everyone)

    words = {}
    for role in ("public", "partner", "viewer"):
        listed = read(client, everyone, role, "indicator_list", city.slug).context["rows"]
        revision = read(client, everyone, role, "revision_detail", period.pk, 1).context["contents"]["indicators"]
        pages = [read(client, everyone, role, "indicator_detail", row.pk) for row in (guests, rooms)]
        tables = [client.get(row.get_absolute_url(), {"csv": "values"}).content.decode("utf-8-sig") for row in counted]
        words[role] = (
            [row.target.words for row in listed],
            [entry["target"] for entry in revision],
            [page.context["target"].words for page in pages],
            [len(page.context["chart"].figure["data"]) for page in pages],
            [page.context["chart"].described.rpartition("The target is ")[2] for page in pages],
            [table.splitlines()[-1].split(",")[3] for table in tables],
        )

    whole = (["2", "2"], ["2", "2"], ["2", "2"], [3, 3], ["2.", "2."], ["2", "2"])
    few = ([FEW, "2"], [None, "2"], [FEW, "2"], [1, 3], [f"{FEW}.", "2."], [FEW, "2"])
    assert words == {"public": few, "partner": whole, "viewer": whole}


def test_earlier_values_of_few_people_are_cut_too(everyone, city, period, shown, counted):
    guests = counted[0]
    earlier = {"period": "Before", "value": "4", "visibility": "public"}
    contents = publish(period, everyone).contents
    entry = next(row for row in contents["indicators"] if row["id"] == guests.pk)
    entry["earlier"] = [earlier, earlier | {"value": "0"}, earlier | {"value": "5"}]

    cut = next(row for row in redact_for(contents, everyone["public"], city)["indicators"] if row["id"] == guests.pk)

    assert [told["value"] for told in cut["earlier"]] == [None, "0", "5"]


def test_none_and_five_are_not_few():
    assert [is_few(count) for count in (None, 0, 1, 4, 5, Decimal("-1"))] == [False, False, True, True, False, False]


# ---- hashes


def forged(model, **figures):
    """Change a frozen row as somebody with access to the database could, without triggers."""
    with triggers.triggers_dropped():
        QuerySet(model).update(**figures)


@pytest.mark.parametrize(
    "model, figures, pages",
    [
        (PeriodRevision, {"sha256": "0" * 64}, ["action_list", "strategy_detail", "indicator_list"]),
        (RevisionAction, {"health": "done"}, ["action_list", "strategy_detail"]),
        (RevisionAction, {"progress": 99}, ["action_list"]),
        (RevisionAction, {"spent": Decimal(1)}, ["action_list"]),
        (RevisionAction, {"contents": '{"milestones":[]}'}, ["action_list", "strategy_detail"]),
        (RevisionIndicator, {"value": Decimal(99)}, ["indicator_list"]),
        (RevisionIndicator, {"contents": '{"value":null}'}, ["indicator_list"]),
    ],
)
def test_figures_that_were_not_handed_in_are_shown_to_nobody(
    client, everyone, city, period, shown, counted, model, figures, pages
):
    publish(period, everyone)
    before = [read(client, everyone, "public", name, city.slug).status_code for name in pages]

    forged(model, **figures)

    assert before == [200] * len(pages)
    for name in pages:
        with pytest.raises(HashMismatch):
            read(client, everyone, "public", name, city.slug)
    with pytest.raises(HashMismatch):
        read(client, everyone, "public", "action_detail", shown.pk) if model is RevisionAction else read(
            client, everyone, "public", "indicator_detail", counted[0].pk
        )


def test_public_lists_cost_the_same_however_much_was_handed_in(
    client, everyone, city, period, shown, counted, django_assert_max_num_queries
):
    ActionFactory.create_batch(4, objective=shown.objective, published=True)
    publish(period, everyone)

    for name in ("action_list", "strategy_detail", "indicator_list"):
        with django_assert_max_num_queries(15):
            read(client, everyone, "public", name, city.slug)


# ---- files of a frozen revision


@pytest.fixture
def files(shown, period, everyone):
    """One file for each visibility, each attached to its own update."""
    official, found = everyone["official"], {}
    for visibility in ("city", "network", "public"):
        found[visibility] = StoredFileFactory(name=f"{visibility}.pdf", uploaded_by=official)
        data = told(f"For {visibility}.", visibility=visibility, files=[found[visibility]])
        updates.log_update(shown, by=official, data=data)
    return found


def names_for(user):
    return {stored.name.removesuffix(".pdf") for stored in StoredFile.objects.visible_to(user)}


def read_by(everyone, *roles):
    return {role: names_for(everyone[role]) for role in roles}


ALL, HANDED, OPEN = {"city", "network", "public"}, {"network", "public"}, {"public"}
READERS = ("viewer", "official", "partner", "coordinator", "public", "other_official")


@pytest.mark.parametrize("verb", ["return", "reopen"])
def test_files_of_a_revision_are_read_while_the_city_works_on_the_next(everyone, period, files, verb):
    lead, coordinator = everyone["lead"], everyone["coordinator"]
    before = read_by(everyone, *READERS)
    periods.submit_period(period, by=lead)
    submitted = read_by(everyone, *READERS)
    if verb == "return":
        periods.return_period(period, by=coordinator, comments="A figure is missing.")
    else:
        periods.reopen_period(period, by=coordinator, reason="A digit.")
    again = read_by(everyone, *READERS)

    nothing = {"partner": set(), "coordinator": set(), "public": set(), "other_official": set()}
    handed = {"partner": HANDED, "coordinator": HANDED, "public": set(), "other_official": set()}
    assert before == {"viewer": ALL, "official": ALL} | nothing
    assert submitted == again == {"viewer": ALL, "official": ALL} | handed


def test_files_are_read_as_they_were_frozen_and_then_as_handed_in_again(client, everyone, shown, period, files):
    lead, coordinator = everyone["lead"], everyone["coordinator"]
    publish(period, everyone)
    published = read_by(everyone, *READERS)
    periods.reopen_period(period, by=coordinator, reason="The wrong file.")
    by_visibility = {update.visibility: update for update in ActionUpdate.objects.all()}
    updates.withdraw_evidence(by_visibility["public"].evidence.get(), by=lead)
    data = told("For the city after all.", visibility="city", files=[])
    updates.change_update(by_visibility["network"], by=lead, data=data, version=1)
    reopened = read_by(everyone, *READERS)
    link = read(client, everyone, "public", "action_detail", shown.pk).content.decode()
    periods.submit_period(period, by=lead)
    submitted = read_by(everyone, *READERS, "lead")

    city, rest = {"viewer": ALL, "official": ALL}, {"public": OPEN, "other_official": OPEN}
    assert published == reopened == city | {"partner": HANDED, "coordinator": HANDED} | rest
    assert str(files["public"].uuid) in link
    kept = {"viewer": ALL - OPEN, "official": ALL - OPEN, "lead": ALL}
    assert submitted == kept | {"partner": set(), "coordinator": set()} | rest  # the public reads what was published


def test_file_taken_off_before_it_was_handed_in_is_for_the_leads_alone(everyone, period, files):
    updates.withdraw_evidence(Evidence.objects.get(file=files["public"]), by=everyone["official"])

    seen = {role for role, user in everyone.items() if "public" in names_for(user)}

    assert seen == {"lead"}


def test_files_of_an_action_kept_back_are_not_for_the_public(everyone, shown, period):
    hidden = ActionFactory(objective=shown.objective, title="Kept back")
    stored = StoredFileFactory(name="public.pdf", uploaded_by=everyone["official"])
    data = told(visibility="public", files=[stored])
    update = updates.log_update(hidden, by=everyone["official"], data=data)
    publish(period, everyone)

    assert read_by(everyone, "public", "other_official", "partner", "viewer") == {
        "public": set(),
        "other_official": set(),
        "partner": OPEN,
        "viewer": OPEN,
    }
    assert not ActionUpdate.objects.visible_to(everyone["public"]).filter(pk=update.pk).exists()


def test_revisions_from_before_are_given_their_files(everyone, shown, period, files):
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


@pytest.mark.parametrize(
    "page, history", [("action_detail", "action_history"), ("indicator_detail", "indicator_history")]
)
def test_history_is_linked_where_it_is_answered(client, everyone, city, period, shown, page, history):
    pk = shown.pk if page == "action_detail" else IndicatorFactory(strategy=shown.strategy, action=shown).pk
    link = reverse(f"strategies:{history}", args=[pk])

    linked = {role for role in everyone if link in read(client, everyone, role, page, pk).content.decode()}
    answered = {role for role in everyone if read(client, everyone, role, history, pk).status_code == 200}

    assert linked == answered == HISTORY


def test_history_of_a_strategy_is_linked_where_it_is_answered(client, everyone, city, shown):
    link = reverse("strategies:strategy_history", args=[city.slug])

    for role in everyone:
        page = read(client, everyone, role, "strategy_detail", city.slug).content.decode()
        assert (role, link in page) == (role, role in HISTORY)


@pytest.mark.parametrize("role", ["coordinator", "scientific", "lead"])
def test_history_tells_others_nothing_from_when_it_was_for_the_city_alone(client, everyone, period, shown, role):
    lead = everyone["lead"]
    update = updates.log_update(shown, by=lead, data=told("First words.", visibility="network"))
    for text, visibility in (("Only for us.", "city"), ("For all of us.", "network"), ("Said better.", "network")):
        update.refresh_from_db()
        data = told(text, visibility=visibility)
        update = updates.change_update(update, by=lead, data=data, version=update.version)
    periods.submit_period(period, by=lead)

    page = read(client, everyone, role, "update_history", update.pk).content.decode()

    assert ("Said better." in page, "For all of us." in page) == (True, True)
    assert ("Only for us." in page, "First words." in page) == ((True, True) if role == "lead" else (False, False))


# ---- waivers


@pytest.mark.parametrize("role, told_why", [("public", False), ("other_official", False), ("viewer", True)])
def test_waiver_of_a_met_condition_is_not_for_the_public(client, everyone, city, role, told_why):
    phase = PilotPhaseFactory(city=city)
    StrategyFactory(city=city, published=True)
    condition = next(row.key for row in check_gate(phase) if not row.met)
    phases.waive_requirement(phase, condition, by=everyone["coordinator"], reason="By another way.")
    registered = gates.GATES[phase.kind]
    met = [row._replace(check=lambda city: gates.CheckResult(True, "Done.")) for row in registered]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(gates.GATES, phase.kind, met)
        page = read(client, everyone, role, "pilot:phase_list", city.slug).content.decode()

    name = str(everyone["coordinator"])
    assert ("By another way." in page, f"Waived by {name}" in page) == (told_why, told_why)
