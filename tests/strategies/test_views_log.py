"""The form to log an update: saving, permissions, errors, periods and drafts."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cities.enums import BodyKind, FileState, Role
from cities.models import StoredFile
from cities.services import files
from strategies.enums import PeriodState
from strategies.models import ActionUpdate, IndicatorValue
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
from tests.page_forms import hidden_on, values_on

pytestmark = pytest.mark.django_db

SENTENCE = "The library gives us a room."


def log_url(action):
    return reverse("strategies:action_log", args=[action.pk])


def form_state(client, action):
    """Return the hidden fields of the opened form, as a browser would send them."""
    return hidden_on(client.get(log_url(action)), "text")


def post_update(client, action, **fields):
    return client.post(log_url(action), form_state(client, action) | {"text": SENTENCE} | fields)


# ---- saving


@pytest.mark.parametrize("language", ["en", "sv"])
def test_number_with_two_readings_is_asked_about(client, official, action, language):
    """Nothing is saved and nothing typed is lost until the user has said which number is meant."""
    official.language = language
    official.save()
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    name = f"value_{indicator.pk}"

    page = post_update(client, action, spent="12,50", **{name: "1.500"})

    html = page.content.decode()
    assert not ActionUpdate.objects.exists()
    assert html.count(f'name="{name}_reading"') == 2
    assert 'value="1.500"' in html
    assert 'value="12,50"' in html
    assert SENTENCE in html


def test_chosen_reading_is_saved_and_shown(client, official, action):
    indicator = IndicatorFactory(strategy=action.strategy, action=action, name="Speakers", unit="hours")
    name = f"value_{indicator.pk}"

    response = post_update(client, action, spent="1.500", **{name: "1.500", f"{name}_reading": "1500"})

    assert IndicatorValue.objects.get().value == 1500
    assert ActionUpdate.objects.get().spent == 1500
    page = client.get(response.url).content.decode()
    assert "Spent since the last update (SEK): 1,500." in page
    assert "Speakers (hours): 1,500." in page


def test_update_needs_only_a_text(client, official, action, city):
    response = post_update(client, action)

    assert response.url == reverse("strategies:action_detail", args=[action.pk])
    update = ActionUpdate.objects.get()
    stored = (update.text, update.author, update.stage, update.date, update.visibility, update.language)
    assert stored == (SENTENCE, official, "ongoing", city.today, "network", "sv")


def test_update_form_stores_all_fields(client, official, action, period, photo):
    milestone, line = MilestoneFactory(action=action), BudgetLineFactory(action=action)
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    colleague = PersonFactory()
    member(BodyKind.EXPERT_GROUP, Role.MEMBER, action.city, user=None)
    colleague = action.city.bodies.get(kind=BodyKind.EXPERT_GROUP).memberships.first().person

    post_update(
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
        **{f"value_{indicator.pk}": "1.2"},
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


def test_update_form_shows_previous_values(client, official, action):
    BudgetLineFactory(action=action, amount="120000")
    ActionUpdateFactory(action=action, spent="41200", people_reached=23, text="First venue open.", progress=40)
    indicator = IndicatorFactory(strategy=action.strategy, action=action, name="Visits")
    earlier = CityPeriodFactory(city=action.city, period=ReportingPeriodFactory(ahead=-1))
    IndicatorValueFactory(indicator=indicator, city_period=earlier, value="562")

    page = client.get(log_url(action)).content.decode().replace("\N{NO-BREAK SPACE}", " ")

    for words in (
        "First venue open.",
        "So far SEK 41,200 of SEK 120,000.",
        "In the last update: 23.",
        "In the last update: 40%.",
        "Latest: 562",
    ):
        assert words in page


def test_save_and_next_redirects_to_the_next_due_action(client, official, action, city):
    late = ActionFactory(city=city, ends_on=city.today - timedelta(days=1), responsible=PersonFactory())

    response = post_update(client, action, save_next="1")

    assert response.url == log_url(late)


def test_save_and_next_redirects_to_my_work_without_a_due_action(client, official, action):
    response = post_update(client, action, save_next="1")

    assert response.url == reverse("strategies:my_work")


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
def test_update_form_status_code_for_each_role(client, everyone, city, period, role, status):
    action = ActionFactory(city=city, published=True)
    if role != "public":
        client.force_login(everyone[role])

    assert client.get(log_url(action)).status_code == status


def test_responsible_person_logs_on_own_actions_only(client, everyone, city, action):
    owner = everyone["local_committee"]
    action.responsible = owner.person
    action.save()
    other = ActionFactory(city=city)
    client.force_login(owner)

    assert post_update(client, action).status_code == 302
    assert client.get(log_url(other)).status_code == 403


def test_action_of_another_citys_draft_returns_404(client, official, other_city):
    hidden_action = ActionFactory(objective=ObjectiveFactory(area__strategy__city=other_city))

    assert client.get(log_url(hidden_action)).status_code == 404
    assert client.post(log_url(hidden_action), {"text": SENTENCE}).status_code == 404


# ---- errors keep the input


def test_invalid_form_keeps_text_selections_and_files(client, official, action, photo):
    milestone = MilestoneFactory(action=action)

    response = post_update(client, action, text=SENTENCE, spent="a lot", milestones=[milestone.pk], files=[photo])

    page = response.content.decode()
    assert (response.status_code, ActionUpdate.objects.count()) == (200, 0)
    assert SENTENCE in page
    assert "So far" in page
    assert response.context["form"]["milestones"].value() == [str(milestone.pk)]
    kept = StoredFile.objects.get()
    assert f'value="files:{kept.uuid}"' in page

    client.post(log_url(action), form_state(client, action) | {"text": SENTENCE, "kept_file": [f"files:{kept.uuid}"]})
    assert ActionUpdate.objects.get().evidence.get().file == kept


def test_refused_file_is_reported_and_the_valid_one_kept(client, official, action, photo):
    bad = SimpleUploadedFile("tool.exe", b"MZ\x90\x00" * 40, "application/octet-stream")

    response = post_update(client, action, files=[photo, bad])

    assert ActionUpdate.objects.count() == 0
    assert "tool.exe" in response.content.decode()
    assert [stored.name for stored in StoredFile.objects.all()] == ["evening.jpg"]
    assert values_on(response, "text")["kept_file"] == [f"files:{StoredFile.objects.get().uuid}"]


def test_file_after_the_time_for_checking_is_refused_and_all_input_kept(client, official, action, photo, monkeypatch):
    monkeypatch.setattr(files, "REQUEST_SECONDS", -1)

    response = post_update(client, action, text=SENTENCE, files=[photo])

    assert ActionUpdate.objects.count() == 0
    assert response.context["form"]["text"].value() == SENTENCE
    assert "evening.jpg: Checking the other files took too long." in response.content.decode()


def test_file_with_a_name_of_another_type_is_stored_and_told(client, official, action, photo):
    photo.name = "evening.pdf"

    page = client.get(post_update(client, action, files=[photo]).url).content.decode()

    assert ActionUpdate.objects.get().evidence.get().file.name == "evening.jpg"
    assert "“evening.pdf” has been saved as “evening.jpg”" in page


def test_kept_file_of_another_user_is_ignored(client, official, everyone, action):
    from tests.factories import StoredFileFactory

    theirs = StoredFileFactory(uploaded_by=everyone["lead"])

    post_update(client, action, kept=[str(theirs.uuid)])

    assert ActionUpdate.objects.get().evidence.count() == 0


@pytest.mark.parametrize(
    "name, value", [("date", "2999-01-01"), ("date", "soon"), ("people_reached", "-3"), ("links", "no")]
)
def test_invalid_value_is_reported_at_its_field(client, official, action, name, value):
    response = post_update(client, action, **{name: value})

    assert (response.status_code, list(response.context["form"].errors)) == (200, [name])


def test_negative_amount_needs_a_reason(client, official, action):
    response = post_update(client, action, spent="-100")
    assert list(response.context["form"].errors) == ["spent_reason"]

    assert post_update(client, action, spent="-100", spent_reason="A refund.").status_code == 302


# ---- periods


def test_date_before_open_periods_is_confirmed_and_saved_as_late(client, official, action, period):
    before = period.period.starts_on - timedelta(days=3)
    first = post_update(client, action, date=before.isoformat())
    shown_period = first.context["period"]
    assert (first.status_code, shown_period, first.context["is_late"], ActionUpdate.objects.count()) == (
        200,
        period,
        True,
        0,
    )
    assert "reported late" in first.content.decode()

    second = post_update(client, action, date=before.isoformat(), told=str(shown_period.pk))

    update = ActionUpdate.objects.get()
    assert (second.status_code, update.is_reported_late, update.city_period) == (302, True, period)


@pytest.mark.slow
def test_period_closed_meanwhile_is_reported_and_input_kept(client, official, action, period, photo, everyone):
    from strategies.services import periods

    fields = form_state(client, action)
    following = CityPeriodFactory(
        city=action.city, period=ReportingPeriodFactory(ahead=1), to_state=PeriodState.SCHEDULED
    )
    periods.submit_period(period, by=everyone["lead"])

    response = client.post(log_url(action), fields | {"text": SENTENCE, "files": [photo]})
    assert (response.status_code, response.context["period"]) == (200, following)
    assert SENTENCE in response.content.decode()
    kept = values_on(response, "text")["kept_file"]

    client.post(log_url(action), fields | {"text": SENTENCE, "kept_file": kept, "told": str(following.pk)})
    update = ActionUpdate.objects.get()
    assert (update.city_period, update.is_reported_late, update.evidence.count()) == (following, True, 1)


def test_period_can_be_chosen_when_several_are_open(client, official, action, period):
    earlier = CityPeriodFactory(city=action.city, period=ReportingPeriodFactory(ahead=-1))
    day = earlier.period.ends_on

    page = client.get(log_url(action))
    assert len(list(page.context["form"].fields["city_period"].choices)) == 3

    post_update(client, action, date=day.isoformat())
    post_update(client, action, date=day.isoformat(), city_period=str(period.pk), told=str(period.pk))

    assert [update.city_period for update in ActionUpdate.objects.order_by("pk")] == [earlier, period]


def test_period_field_is_absent_with_one_open_period(client, official, action):
    assert "city_period" not in client.get(log_url(action)).context["form"].fields


def test_period_message_depends_on_the_date(client, official, action, period):
    url = reverse("strategies:log_period", args=[action.pk])

    late = client.get(url, {"date": (period.period.starts_on - timedelta(days=1)).isoformat()})
    fine = client.get(url, {"date": action.city.today.isoformat()})

    assert (late.context["is_late"], fine.context["is_late"]) == (True, False)
    assert client.get(url, {"date": "rubbish"}).status_code == 200


# ---- query counts


def test_opening_and_saving_take_at_most_25_queries(client, official, action):
    MilestoneFactory.create_batch(3, action=action)
    BudgetLineFactory(action=action)
    IndicatorFactory(strategy=action.strategy, action=action)
    ActionUpdateFactory(action=action, spent="5", people_reached=3)
    client.get(log_url(action))

    with CaptureQueriesContext(connection) as opened:
        fields = form_state(client, action)
    with CaptureQueriesContext(connection) as saved:
        client.post(log_url(action), fields | {"text": SENTENCE, "stage": "ongoing"})

    statements = [row["sql"] for rows in (opened, saved) for row in rows]
    counted = [sql for sql in statements if not sql.startswith(("SAVEPOINT", "RELEASE"))]
    assert len(counted) <= 25, "\n".join(row["sql"][:160] for rows in (opened, saved) for row in rows)


@pytest.mark.parametrize("row_count", [1, 5])
def test_update_form_query_count_is_constant(client, official, action, row_count, django_assert_max_num_queries):
    MilestoneFactory.create_batch(row_count, action=action)
    BudgetLineFactory.create_batch(row_count, action=action)
    IndicatorFactory.create_batch(row_count, strategy=action.strategy, action=action)
    ActionUpdateFactory.create_batch(row_count, action=action)
    client.get(log_url(action))

    with django_assert_max_num_queries(24):
        assert client.get(log_url(action)).status_code == 200


def test_each_opened_form_has_a_new_uuid(client, official, action):
    assert form_state(client, action)["form_uuid"] != form_state(client, action)["form_uuid"]
