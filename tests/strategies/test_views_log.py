"""The form of an update: defaults, errors, drafts; no input is lost."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cities.enums import BodyKind, FileState, Role
from cities.models import StoredFile
from strategies.enums import PeriodState
from strategies.models import ActionUpdate, IndicatorValue, UpdateDraft
from strategies.services import form_tokens
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    BudgetLineFactory,
    CityPeriodFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PersonFactory,
    ReportingPeriodFactory,
    member,
)

pytestmark = pytest.mark.django_db

SENTENCE = "The library gives us a room."


def url_of(action):
    return reverse("strategies:action_log", args=[action.pk])


def hidden(client, action):
    """Return the POST data of the opened form as a browser would send it."""
    page = client.get(url_of(action))
    form = page.context["form"]
    fields = {"form_uuid": str(page.context["form_uuid"]), "note": page.context["note"], "version": "1"}
    told = {"values_told": str(form.period.pk)} if form.indicators and form.period else {}
    return fields | told | {version.html_name: str(version.value()) for _field, version in form.value_fields}


def send(client, action, **fields):
    return client.post(url_of(action), hidden(client, action) | {"text": SENTENCE} | fields)


# ---- saving


def test_one_sentence_is_enough(client, official, action, city):
    answer = send(client, action)

    assert answer.url == reverse("strategies:action_detail", args=[action.pk])
    update = ActionUpdate.objects.get()
    told = (update.text, update.author, update.stage, update.date, update.visibility, update.language)
    assert told == (SENTENCE, official, "ongoing", city.today, "network", "sv")


def test_everything_that_can_be_said_is_kept(client, official, action, period, photo):
    milestone, line = MilestoneFactory(action=action), BudgetLineFactory(action=action)
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    colleague = PersonFactory()
    member(BodyKind.EXPERT_GROUP, Role.MEMBER, action.city, user=None)
    colleague = action.city.bodies.get(kind=BodyKind.EXPERT_GROUP).memberships.first().person

    send(
        client,
        action,
        stage="paused",
        milestones=[milestone.pk],
        spent="41 200,50",
        people_reached="31",
        budget_line=line.pk,
        challenges="Few rooms.",
        next_step="Ask the church.",
        visibility="public",
        on_behalf_of=colleague.pk,
        links="https://example.org/a\n\nhttps://example.org/b",
        files=[photo],
        **{f"value_{indicator.pk}": "1.200"},
    )

    update = ActionUpdate.objects.get()
    assert (update.stage, str(update.spent), update.people_reached) == ("paused", "41200.50", 31)
    assert (update.budget_line, update.on_behalf_of, update.visibility) == (line, colleague, "public")
    assert [row.pk for row in update.milestones.all()] == [milestone.pk]
    assert sorted(piece.link or piece.file.name for piece in update.evidence.all()) == [
        "evening.jpg",
        "https://example.org/a",
        "https://example.org/b",
    ]
    assert StoredFile.objects.get().state == FileState.USED
    assert str(IndicatorValue.objects.get().value) in {"1.2000", "1.2"}


def test_form_opened_before_the_update_of_the_site_keeps_its_stage(client, official, action):
    send(client, action, status="completed")

    assert ActionUpdate.objects.get().stage == "completed"


@pytest.mark.parametrize(
    "migrate, before, after", [("forwards", "status", "stage"), ("backwards", "stage", "status")], ids=["there", "back"]
)
def test_drafts_are_migrated_to_the_name_of_the_field(official, action, migrate, before, after):
    migration = import_module("strategies.migrations.0011_stage_of_an_update")
    typed = {"text": [SENTENCE], before: ["paused"], "date": [""]}
    draft = UpdateDraft.objects.create(author=official, action=action, fields=typed)

    getattr(migration, migrate)(apps, connection.schema_editor())

    draft.refresh_from_db()
    assert draft.fields == {"text": [SENTENCE], after: ["paused"], "date": [""]}


def test_last_values_stand_beside_the_inputs(client, official, action):
    BudgetLineFactory(action=action, amount="120000")
    ActionUpdateFactory(action=action, spent="41200", people_reached=23, text="First venue open.", progress=40)
    indicator = IndicatorFactory(strategy=action.strategy, action=action, name="Visits")
    earlier = CityPeriodFactory(city=action.city, period=ReportingPeriodFactory(ahead=-1))
    IndicatorValueFactory(indicator=indicator, city_period=earlier, value="562")

    page = client.get(url_of(action)).content.decode().replace("\N{NO-BREAK SPACE}", " ")

    for words in (
        "First venue open.",
        "So far SEK 41,200 of SEK 120,000.",
        "Last time 23.",
        "Last time 40%.",
        "Last: 562",
    ):
        assert words in page


def test_save_and_next_leads_to_the_next_action_that_waits(client, official, action, city):
    late = ActionFactory(city=city, ends_on=city.today - timedelta(days=1), responsible=PersonFactory())

    answer = send(client, action, save_next="1")

    assert answer.url == url_of(late)


def test_without_another_due_action_it_leads_to_my_work(client, official, action):
    answer = send(client, action, save_next="1")

    assert answer.url == reverse("strategies:my_work")


# ---- permissions


@pytest.mark.parametrize(
    "role, status",
    [
        ("official", 200),
        ("lead", 200),
        ("viewer", 403),
        ("expert", 403),
        ("partner", 403),
        ("coordinator", 403),
        ("public", 302),
        ("former", 403),
        ("superuser", 403),
        ("other_official", 403),
    ],
)
def test_who_may_log_on_a_published_action(client, everyone, city, period, role, status):
    action = ActionFactory(city=city, published=True)
    if role != "public":
        client.force_login(everyone[role])

    assert client.get(url_of(action)).status_code == status


def test_an_owner_who_is_no_official_logs_on_the_own_action_alone(client, everyone, city, action):
    owner = everyone["local_committee"]
    action.responsible = owner.person
    action.save()
    other = ActionFactory(city=city)
    client.force_login(owner)

    assert send(client, action).status_code == 302
    assert client.get(url_of(other)).status_code == 403


def test_another_citys_draft_strategy_is_not_there(client, official, other_city):
    hidden_action = ActionFactory(objective=ObjectiveFactory(area__strategy__city=other_city))

    assert client.get(url_of(hidden_action)).status_code == 404
    assert client.post(url_of(hidden_action), {"text": SENTENCE}).status_code == 404


# ---- errors keep the input


def test_an_error_keeps_words_ticks_and_files(client, official, action, photo):
    milestone = MilestoneFactory(action=action)

    answer = send(client, action, text=SENTENCE, spent="a lot", milestones=[milestone.pk], files=[photo])

    page = answer.content.decode()
    assert (answer.status_code, ActionUpdate.objects.count()) == (200, 0)
    assert SENTENCE in page
    assert "So far" in page
    assert answer.context["form"]["milestones"].value() == [str(milestone.pk)]
    kept = StoredFile.objects.get()
    assert f'value="{kept.uuid}"' in page

    client.post(url_of(action), hidden(client, action) | {"text": SENTENCE, "kept": [str(kept.uuid)]})
    assert ActionUpdate.objects.get().evidence.get().file == kept


def test_a_refused_file_is_told_and_the_good_one_kept(client, official, action, photo):
    bad = SimpleUploadedFile("tool.exe", b"MZ\x90\x00" * 40, "application/octet-stream")

    answer = send(client, action, files=[photo, bad])

    assert ActionUpdate.objects.count() == 0
    assert "tool.exe" in answer.content.decode()
    assert [stored.name for stored in answer.context["kept"]] == ["evening.jpg"]


def test_a_kept_file_of_somebody_else_is_not_taken(client, official, everyone, action):
    from tests.factories import StoredFileFactory

    theirs = StoredFileFactory(uploaded_by=everyone["lead"])

    send(client, action, kept=[str(theirs.uuid)])

    assert ActionUpdate.objects.get().evidence.count() == 0


@pytest.mark.parametrize(
    "name, value", [("date", "2999-01-01"), ("date", "soon"), ("people_reached", "-3"), ("links", "no")]
)
def test_what_cannot_be_is_said_at_its_field(client, official, action, name, value):
    answer = send(client, action, **{name: value})

    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [name])


def test_a_negative_amount_asks_why(client, official, action):
    answer = send(client, action, spent="-100")
    assert list(answer.context["form"].errors) == ["spent_reason"]

    assert send(client, action, spent="-100", spent_reason="A refund.").status_code == 302


# ---- periods


def test_a_date_before_every_open_period_is_told_first_and_then_saved_late(client, official, action, period):
    before = period.period.starts_on - timedelta(days=3)
    first = send(client, action, date=before.isoformat())
    told = first.context["period"]
    assert (first.status_code, told, first.context["is_late"], ActionUpdate.objects.count()) == (200, period, True, 0)
    assert "reported late" in first.content.decode()

    second = send(client, action, date=before.isoformat(), told=str(told.pk))

    update = ActionUpdate.objects.get()
    assert (second.status_code, update.is_reported_late, update.city_period) == (302, True, period)


def test_a_period_that_closed_meanwhile_is_told_and_nothing_is_lost(client, official, action, period, photo, everyone):
    from strategies.services import periods

    carried = hidden(client, action)
    following = CityPeriodFactory(
        city=action.city, period=ReportingPeriodFactory(ahead=1), to_state=PeriodState.SCHEDULED
    )
    periods.submit_period(period, by=everyone["lead"])

    answer = client.post(url_of(action), carried | {"text": SENTENCE, "files": [photo]})
    assert (answer.status_code, answer.context["period"]) == (200, following)
    assert SENTENCE in answer.content.decode()
    kept = [str(stored.uuid) for stored in answer.context["kept"]]

    client.post(url_of(action), carried | {"text": SENTENCE, "kept": kept, "told": str(following.pk)})
    update = ActionUpdate.objects.get()
    assert (update.city_period, update.is_reported_late, update.evidence.count()) == (following, True, 1)


def test_several_open_periods_can_be_chosen_from(client, official, action, period):
    earlier = CityPeriodFactory(city=action.city, period=ReportingPeriodFactory(ahead=-1))
    day = earlier.period.ends_on

    page = client.get(url_of(action))
    assert len(list(page.context["form"].fields["city_period"].choices)) == 3

    send(client, action, date=day.isoformat())
    send(client, action, date=day.isoformat(), city_period=str(period.pk), told=str(period.pk))

    assert [update.city_period for update in ActionUpdate.objects.order_by("pk")] == [earlier, period]


def test_one_open_period_is_not_asked_for(client, official, action):
    assert "city_period" not in client.get(url_of(action)).context["form"].fields


def test_the_sentence_about_the_period_follows_the_date(client, official, action, period):
    url = reverse("strategies:log_period", args=[action.pk])

    late = client.get(url, {"date": (period.period.starts_on - timedelta(days=1)).isoformat()})
    fine = client.get(url, {"date": action.city.today.isoformat()})

    assert (late.context["is_late"], fine.context["is_late"]) == (True, False)
    assert client.get(url, {"date": "rubbish"}).status_code == 200


# ---- double submission


def test_the_same_post_twice_makes_one_update(client, official, action):
    carried = hidden(client, action) | {"text": SENTENCE}

    answers = [client.post(url_of(action), carried) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert ActionUpdate.objects.count() == 1


def test_another_windows_other_words_are_shown_again_not_swallowed(client, official, action):
    carried = hidden(client, action)
    client.post(url_of(action), carried | {"text": SENTENCE})

    answer = client.post(url_of(action), carried | {"text": "Something else."})

    page = answer.content.decode()
    assert (answer.status_code, SENTENCE in page, "Something else." in page) == (200, True, True)
    again = carried | {"text": "Something else.", "form_uuid": str(answer.context["form_uuid"])}
    client.post(url_of(action), again)
    assert ActionUpdate.objects.count() == 2


def test_another_windows_other_value_is_not_swallowed_either(client, official, action):
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    carried = hidden(client, action) | {"text": SENTENCE}
    client.post(url_of(action), carried)

    answer = client.post(url_of(action), carried | {f"value_{indicator.pk}": "5"})

    assert (answer.status_code, answer.context["form"][f"value_{indicator.pk}"].value()) == (200, "5")


# ---- drafts


def test_a_draft_is_its_authors_and_comes_back_as_it_was(client, official, action, photo, everyone):
    carried = hidden(client, action)
    client.post(url_of(action), carried | {"text": "Half a", "spent": "about 5", "save_draft": "1", "files": [photo]})

    page = client.get(url_of(action))
    assert page.context["form"]["text"].value() == "Half a"
    assert page.context["form"]["spent"].value() == "about 5"
    assert (str(page.context["form_uuid"]), len(page.context["kept"])) == (carried["form_uuid"], 1)
    assert "data-errors" not in page.content.decode()

    client.force_login(everyone["lead"])
    assert client.get(url_of(action)).context["draft"] is None


def test_saving_ends_the_draft_with_its_files(client, official, action, photo):
    carried = hidden(client, action)
    client.post(url_of(action), carried | {"text": "Half a", "save_draft": "1", "files": [photo]})
    kept = str(StoredFile.objects.get().uuid)

    client.post(url_of(action), carried | {"text": SENTENCE, "kept": [kept]})

    assert (UpdateDraft.objects.count(), ActionUpdate.objects.get().evidence.count()) == (0, 1)


def test_a_draft_can_be_discarded(client, official, action):
    carried = hidden(client, action)
    client.post(url_of(action), carried | {"text": "Half a", "save_draft": "1"})

    client.post(url_of(action), carried | {"text": "Half a", "discard_draft": "1"})

    assert UpdateDraft.objects.count() == 0


def test_typing_keeps_the_draft(client, official, action):
    url = reverse("strategies:draft_save", args=[action.pk])

    answer = client.post(url, hidden(client, action) | {"text": "Half"})

    assert list(answer.json()) == ["saved_at"]
    assert UpdateDraft.objects.get().fields["text"] == ["Half"]


def test_typing_keeps_the_files_of_the_draft(client, official, action, photo):
    carried = hidden(client, action)
    client.post(url_of(action), carried | {"text": "Half a", "save_draft": "1", "files": [photo]})
    kept = str(StoredFile.objects.get().uuid)

    client.post(reverse("strategies:draft_save", args=[action.pk]), carried | {"text": "Half a room", "kept": [kept]})

    draft = UpdateDraft.objects.get()
    assert (draft.fields["text"], draft.files.count()) == (["Half a room"], 1)


def test_a_draft_that_arrives_after_its_form_brings_nothing_back(client, official, action):
    carried = hidden(client, action) | {"text": SENTENCE}
    client.post(url_of(action), carried)

    answer = client.post(reverse("strategies:draft_save", args=[action.pk]), carried)

    assert ("text" in answer.json(), UpdateDraft.objects.count()) == (True, 0)


def test_a_second_window_does_not_overwrite_the_firsts_draft(client, official, action):
    url = reverse("strategies:draft_save", args=[action.pk])
    first, second = hidden(client, action), hidden(client, action)
    client.post(url, first | {"text": "First window"})

    client.post(url, second | {"text": "Second window"})
    assert UpdateDraft.objects.get().fields["text"] == ["First window"]

    told = client.post(url_of(action), second | {"text": "Second window", "save_draft": "1"})
    assert "First window" in told.content.decode()
    client.post(url_of(action), second | {"text": "Second window", "save_draft": "1", "replace": "1"})
    assert UpdateDraft.objects.get().fields["text"] == ["Second window"]


# ---- number of queries


def test_opening_and_saving_stay_under_25_queries(client, official, action):
    MilestoneFactory.create_batch(3, action=action)
    BudgetLineFactory(action=action)
    IndicatorFactory(strategy=action.strategy, action=action)
    ActionUpdateFactory(action=action, spent="5", people_reached=3)
    client.get(url_of(action))

    with CaptureQueriesContext(connection) as opened:
        carried = hidden(client, action)
    with CaptureQueriesContext(connection) as saved:
        client.post(url_of(action), carried | {"text": SENTENCE, "stage": "ongoing"})

    asked = [row["sql"] for rows in (opened, saved) for row in rows]
    counted = [sql for sql in asked if not sql.startswith(("SAVEPOINT", "RELEASE"))]
    assert len(counted) <= 25, "\n".join(row["sql"][:160] for rows in (opened, saved) for row in rows)


@pytest.mark.parametrize("row_count", [1, 5])
def test_opening_costs_the_same_with_more_on_the_action(
    client, official, action, row_count, django_assert_max_num_queries
):
    MilestoneFactory.create_batch(row_count, action=action)
    BudgetLineFactory.create_batch(row_count, action=action)
    IndicatorFactory.create_batch(row_count, strategy=action.strategy, action=action)
    ActionUpdateFactory.create_batch(row_count, action=action)
    client.get(url_of(action))

    with django_assert_max_num_queries(24):
        assert client.get(url_of(action)).status_code == 200


def test_the_uuid_is_a_new_one_for_each_opened_form(client, official, action):
    assert hidden(client, action)["form_uuid"] != hidden(client, action)["form_uuid"]


def test_a_draft_has_a_limit_and_what_was_typed_stays_on_the_page(client, official, action, monkeypatch):
    monkeypatch.setattr("strategies.services.drafts.MAX_CHARACTERS", 2000)
    carried, long = hidden(client, action), "x" * 2001

    page = client.post(url_of(action), carried | {"text": long, "save_draft": "1"})
    told = client.post(reverse("strategies:draft_save", args=[action.pk]), carried | {"text": long}).json()

    assert "A draft holds at most 2,000 signs." in page.content.decode()
    assert page.context["form"]["text"].value() == long
    assert told["text"].startswith("A draft holds at most 2,000 signs.")
    assert UpdateDraft.objects.count() == 0
    client.post(url_of(action), carried | {"text": "x" * 500, "save_draft": "1"})
    assert UpdateDraft.objects.count() == 1


def test_count_of_posts_that_expires_meanwhile_begins_again(monkeypatch):
    def expired(key):
        raise ValueError

    monkeypatch.setattr(form_tokens.cache, "incr", expired)

    form_tokens._limit_rate("user-1")

    assert form_tokens.cache.get("log-note-user-1") == 1
