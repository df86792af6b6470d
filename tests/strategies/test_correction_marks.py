"""Returned periods: the coordinator marks parts of the submission, and the city sees them with links."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Mail
from cities.enums import BodyKind, Role
from core.exceptions import InputRefused
from strategies.selectors.correction_marks import sections_of
from strategies.services import periods, values
from tests.factories import ActionFactory, ActionUpdateFactory, IndicatorFactory, member

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"strategies:{name}", args=args)


@pytest.fixture
def owner(city):
    return member(BodyKind.LOCAL_COMMITTEE, Role.MEMBER, city)


@pytest.fixture
def other_action(city, owner, period):
    return ActionFactory(city=city, title="Open doors", responsible=owner.person)


@pytest.fixture
def indicator(action):
    return IndicatorFactory(strategy=action.strategy, name="Visits")


@pytest.fixture
def submitted(period, action, other_action, indicator, everyone):
    ActionUpdateFactory(action=action)
    values.set_value(indicator, period, by=everyone["official"], value=Decimal(30))
    periods.save_narrative(period, by=everyone["lead"], text="A good quarter.", language="sv")
    periods.submit_period(period, by=everyone["lead"])
    return period


@pytest.fixture
def returned(submitted, action, other_action, indicator, everyone):
    marks = {
        f"indicator_{indicator.pk}": "",
        f"action_{other_action.pk}": "Attendance?",
        f"action_{action.pk}": "How many?",
        "narrative": "Say what failed.",
    }
    periods.return_period(submitted, by=everyone["coordinator"], comments="Nearly there.", marks=marks)
    submitted.refresh_from_db()
    return submitted


def test_return_form_offers_the_parts_of_the_submission(client, submitted, everyone, action, other_action, indicator):
    later_action = ActionFactory(objective=action.objective, title="Came afterwards")
    client.force_login(everyone["coordinator"])

    page = client.get(url("cityperiod_return", submitted.pk)).content.decode()

    for name in ("narrative", f"action_{action.pk}", f"action_{other_action.pk}", f"indicator_{indicator.pk}"):
        assert f'name="mark_{name}"' in page
    assert later_action.title not in page


def test_marked_parts_and_comments_are_stored_with_the_move(
    client, submitted, everyone, action, other_action, indicator
):
    client.force_login(everyone["coordinator"])
    data = {"text": "Nearly.", "mark_narrative": "on", f"line_action_{action.pk}": "How many?"}

    client.post(url("cityperiod_return", submitted.pk), data)

    transition = submitted.transitions.get(verb="return")
    assert transition.text == "Nearly."
    assert transition.marks == [
        {"kind": "narrative", "id": None, "title": "", "text": ""},
        {"kind": "action", "id": action.pk, "title": f"{action.code} {action.title}", "text": "How many?"},
    ]


def test_return_form_keeps_input_when_the_reason_is_missing(client, submitted, everyone, action):
    client.force_login(everyone["coordinator"])

    response = client.post(
        url("cityperiod_return", submitted.pk), {"text": "", f"line_action_{action.pk}": "How many?"}
    )

    page = response.content.decode()
    assert 'value="How many?"' in page
    assert page.count('<details class="epi-more" open') == 2
    assert not submitted.transitions.filter(verb="return").exists()


def test_marks_are_optional_and_limited_to_the_current_revision(submitted, everyone):
    with pytest.raises(InputRefused, match="what was submitted"):
        periods.return_period(submitted, by=everyone["coordinator"], comments="Look.", marks={"action_0": "Here."})
    periods.return_period(submitted, by=everyone["coordinator"], comments="Look.")

    assert submitted.transitions.get(verb="return").marks == []


def test_sections_are_empty_without_a_submission():
    assert sections_of(None) == []


def test_period_page_links_officials_to_the_marked_parts(client, returned, everyone, other_action, indicator):
    client.force_login(everyone["official"])

    page = client.get(returned.get_absolute_url()).content.decode()

    assert "Say what failed." in page
    assert "Attendance?" in page
    for address in (
        url("narrative_edit", returned.pk),
        other_action.get_absolute_url(),
        url("values_edit", returned.pk) + f"#id_value_{indicator.pk}",
    ):
        assert f'<li><a href="{address}">' in page


def test_period_page_shows_no_edit_link_without_permission(client, returned, everyone):
    for role in ("viewer", "coordinator"):
        client.force_login(everyone[role])
        page = client.get(returned.get_absolute_url()).content.decode()
        assert "Say what failed." in page
        assert f'<li><a href="{url("narrative_edit", returned.pk)}">' not in page


def test_my_work_lists_all_marks_for_officials_and_own_marks_for_responsible_people(client, returned, everyone, owner):
    rows_by_user = {}
    for name, user in (("official", everyone["official"]), ("owner", owner), ("viewer", everyone["viewer"])):
        client.force_login(user)
        due = client.get(url("my_work")).context["work"].due
        rows_by_user[name] = sorted(
            str(row.title).split(" needs")[0] for row in due if "needs correcting in" in str(row.title)
        )

    assert len(rows_by_user["official"]) == 4
    assert [title.partition(" ")[2] for title in rows_by_user["owner"]] == ["Open doors"]
    assert rows_by_user["viewer"] == []


def test_marks_disappear_after_resubmission(client, returned, everyone):
    periods.submit_period(returned, by=everyone["lead"])
    client.force_login(everyone["official"])

    assert "needs correcting in" not in client.get(url("my_work")).content.decode()
    assert "Needs correcting" not in client.get(returned.get_absolute_url()).content.decode()


def test_return_email_says_what_to_do_and_names_the_marked_parts(returned, everyone, other_action, indicator):
    mail = Mail.objects.get(recipient=everyone["lead"].email)

    assert "Gör rättelserna och lämna sedan in igen." in mail.body  # the language of the reader
    assert "Nearly there." in mail.body
    assert f"– {other_action.code} Open doors: Attendance?" in mail.body
    assert "– Visits" in mail.body


def test_comment_on_a_part_has_a_limit(submitted, everyone):
    key = sections_of(submitted.revisions.get())[0].key

    with pytest.raises(InputRefused, match="characters for each part"):
        periods.return_period(submitted, by=everyone["coordinator"], comments="Look.", marks={key: "x" * 5000})
