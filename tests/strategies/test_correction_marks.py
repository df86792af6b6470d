"""A coordinator who returns a period marks parts of it; the city sees the marks with links."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Mail
from cities.enums import BodyKind, Role
from strategies.exceptions import InputRefused
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
        f"action_{other_action.pk}": "Who came?",
        f"action_{action.pk}": "How many?",
        "narrative": "Say what failed.",
    }
    periods.return_period(submitted, by=everyone["coordinator"], comments="Nearly there.", marks=marks)
    submitted.refresh_from_db()
    return submitted


def test_the_form_offers_the_parts_of_what_was_submitted(client, submitted, everyone, action, other_action, indicator):
    new = ActionFactory(objective=action.objective, title="Came afterwards")
    client.force_login(everyone["coordinator"])

    page = client.get(url("cityperiod_return", submitted.pk)).content.decode()

    for name in ("narrative", f"action_{action.pk}", f"action_{other_action.pk}", f"indicator_{indicator.pk}"):
        assert f'name="mark_{name}"' in page
    assert new.title not in page


def test_ticks_and_lines_are_kept_in_the_move(client, submitted, everyone, action, other_action, indicator):
    client.force_login(everyone["coordinator"])
    data = {"text": "Nearly.", "mark_narrative": "on", f"line_action_{action.pk}": "How many?"}

    client.post(url("cityperiod_return", submitted.pk), data)

    move = submitted.moves.get(verb="return")
    assert move.text == "Nearly."
    assert move.places == [
        {"kind": "narrative", "id": None, "title": "", "text": ""},
        {"kind": "action", "id": action.pk, "title": f"{action.code} {action.title}", "text": "How many?"},
    ]


def test_what_was_typed_survives_a_missing_reason(client, submitted, everyone, action):
    client.force_login(everyone["coordinator"])

    answer = client.post(url("cityperiod_return", submitted.pk), {"text": "", f"line_action_{action.pk}": "How many?"})

    page = answer.content.decode()
    assert 'value="How many?"' in page
    assert page.count('<details class="epi-more" open') == 2
    assert not submitted.moves.filter(verb="return").exists()


def test_marks_are_optional_and_of_this_revision_alone(submitted, everyone):
    with pytest.raises(InputRefused, match="what was submitted"):
        periods.return_period(submitted, by=everyone["coordinator"], comments="Look.", marks={"action_0": "Here."})
    periods.return_period(submitted, by=everyone["coordinator"], comments="Look.")

    assert submitted.moves.get(verb="return").places == []


def test_nothing_submitted_has_no_places():
    assert sections_of(None) == []


def test_the_period_tells_officials_where_with_links(client, returned, everyone, other_action, indicator):
    client.force_login(everyone["official"])

    page = client.get(returned.get_absolute_url()).content.decode()

    assert "Say what failed." in page
    assert "Who came?" in page
    for address in (
        url("narrative_edit", returned.pk),
        other_action.get_absolute_url(),
        url("values_edit", returned.pk) + f"#id_value_{indicator.pk}",
    ):
        assert f'<li><a href="{address}">' in page


def test_who_may_not_mend_it_gets_no_link(client, returned, everyone):
    for role in ("viewer", "coordinator"):
        client.force_login(everyone[role])
        page = client.get(returned.get_absolute_url()).content.decode()
        assert "Say what failed." in page
        assert f'<li><a href="{url("narrative_edit", returned.pk)}">' not in page


def test_my_work_asks_officials_for_all_marks_and_owners_for_their_own(client, returned, everyone, owner):
    found = {}
    for name, user in (("official", everyone["official"]), ("owner", owner), ("viewer", everyone["viewer"])):
        client.force_login(user)
        due = client.get(url("my_work")).context["work"].due
        found[name] = sorted(str(row.title).split(":")[0] for row in due if "needs work" in str(row.title))

    assert len(found["official"]) == 4
    assert [title.partition(" ")[2] for title in found["owner"]] == ["Open doors"]
    assert found["viewer"] == []


def test_submitted_again_asks_for_nothing_more(client, returned, everyone):
    periods.submit_period(returned, by=everyone["lead"])
    client.force_login(everyone["official"])

    assert "needs work" not in client.get(url("my_work")).content.decode()
    assert "What needs work" not in client.get(returned.get_absolute_url()).content.decode()


def test_the_letter_names_the_places(returned, everyone, other_action, indicator):
    letter = Mail.objects.get(recipient=everyone["lead"].email)

    assert "Nearly there." in letter.body
    assert f"– {other_action.code} Open doors: Who came?" in letter.body
    assert "– Visits" in letter.body
