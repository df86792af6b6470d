"""Periods of a city: changed by recorded transitions, frozen when submitted, with emails and comments."""

import pytest
from django.utils import translation

from accounts.models import Mail
from cities.enums import BodyKind, Role
from core.exceptions import EditConflict, InputRefused, PermissionRefused, ReasonMissing
from strategies.enums import NEEDS_TEXT, TRANSITIONS, PeriodState
from strategies.exceptions import OwnMunicipality, PeriodLocked, StrategyError, TransitionNotAllowed
from strategies.models import CityPeriod, PeriodComment, PeriodTransition
from strategies.services import periods, updates
from strategies.signals import period_state_changed
from tests.factories import (
    ActionFactory,
    CityPeriodFactory,
    MilestoneFactory,
    PersonFactory,
    ReportingPeriodFactory,
    member,
)

from .helpers import an_official, update_input

pytestmark = pytest.mark.django_db


@pytest.fixture
def official(city):
    return an_official(city)


def perform(verb, city_period, lead, coordinator):
    """Perform the verb as a user who is allowed to."""
    return {
        "open": lambda: periods.open_period(city_period, by=coordinator),
        "submit": lambda: periods.submit_period(city_period, by=lead),
        "return": lambda: periods.return_period(city_period, by=coordinator, comments="More, please."),
        "accept": lambda: periods.accept_period(city_period, by=coordinator),
        "publish": lambda: periods.publish_period(city_period, by=lead),
        "reopen": lambda: periods.reopen_period(city_period, by=coordinator, reason="A digit too many."),
    }[verb]()


@pytest.mark.parametrize("verb", TRANSITIONS)
@pytest.mark.parametrize("state", PeriodState.values)
def test_each_verb_follows_the_transitions(city, lead, coordinator, verb, state):
    city_period = CityPeriodFactory(city=city, to_state=state)
    transition_count, revision = city_period.transition_count, city_period.revision
    sources, target = TRANSITIONS[verb]

    if state in sources:
        perform(verb, city_period, lead, coordinator)
        city_period.refresh_from_db()
        transition = city_period.transitions.last()
        assert (city_period.state, city_period.transition_count) == (target, transition_count + 1)
        assert city_period.revision == revision + (verb in NEEDS_TEXT)
        assert (transition.verb, transition.revision) == (verb, revision)
        assert (transition.from_state, transition.to_state) == (state, target)
    else:
        with pytest.raises(TransitionNotAllowed):
            perform(verb, city_period, lead, coordinator)
        city_period.refresh_from_db()
        assert (city_period.state, city_period.transition_count) == (state, transition_count)


def test_resubmission_creates_revision_two_and_keeps_the_first(city, official, lead, coordinator):
    city_period = CityPeriodFactory(city=city)
    action = ActionFactory(city=city)
    update = updates.log_update(
        action, by=official, data=update_input("We met.", milestones=[MilestoneFactory(action=action)])
    )
    first = periods.submit_period(city_period, by=lead)
    before = first.snapshot

    with pytest.raises(PeriodLocked):
        updates.change_update(update, by=official, data=update_input("Changed."), version=update.version)
    periods.return_period(city_period, by=coordinator, comments="More, please.")
    updates.change_update(update, by=official, data=update_input("We met twice."), version=update.version)
    second = periods.submit_period(city_period, by=lead)

    first.refresh_from_db()
    assert first.snapshot == before
    assert [first.contents["actions"][0]["updates"][0]["text"], first.contents["revision"]] == ["We met.", 1]
    assert [second.contents["actions"][0]["updates"][0]["text"], second.number] == ["We met twice.", 2]
    assert [row.progress for row in (first.actions.get(), second.actions.get())] == [100, 0]


def test_submission_stores_the_user_and_the_responsible_person(city, lead, coordinator):
    city_period = CityPeriodFactory(city=city)
    head = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city).person

    periods.submit_period(city_period, by=lead, on_behalf_of=head)

    transition = city_period.transitions.last()
    assert (transition.by, transition.on_behalf_of) == (lead, head)


def test_submission_on_behalf_of_an_outsider_is_refused(city, lead):
    city_period = CityPeriodFactory(city=city)

    with pytest.raises(InputRefused) as refused:
        periods.submit_period(city_period, by=lead, on_behalf_of=PersonFactory())

    assert set(refused.value.errors) == {"on_behalf_of"}
    assert PeriodTransition.objects.filter(verb="submit").count() == 0


@pytest.mark.parametrize("verb", ["return", "reopen"])
@pytest.mark.parametrize("text", ["", "  \n"])
def test_return_and_reopen_need_a_reason(city, coordinator, verb, text):
    city_period = CityPeriodFactory(city=city, to_state="submitted")
    service = {"return": periods.return_period, "reopen": periods.reopen_period}[verb]

    with pytest.raises(ReasonMissing):
        service(city_period, by=coordinator, **{"comments" if verb == "return" else "reason": text})


ALLOWED = {
    "open": {"coordinator"},
    "submit": {"lead"},
    "return": {"coordinator"},
    "accept": {"coordinator"},
    "publish": {"lead"},
    "reopen": {"coordinator"},
}


@pytest.mark.parametrize("verb", TRANSITIONS)
def test_verbs_are_limited_to_their_roles(everyone, city, verb):
    state = sorted(TRANSITIONS[verb][0])[0]
    allowed = set()
    for number, (role, user) in enumerate(everyone.items()):
        if role == "public":
            continue
        city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=number), to_state=state)
        try:
            perform(verb, city_period, user, user)
            allowed.add(role)
        except PermissionRefused:
            pass

    assert allowed == ALLOWED[verb]


def test_coordinator_cannot_decide_on_own_municipality(city):
    own = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=city.municipality)
    city_period = CityPeriodFactory(city=city, to_state="submitted")

    for decide in (
        lambda: periods.accept_period(city_period, by=own),
        lambda: periods.return_period(city_period, by=own, comments="No."),
    ):
        with pytest.raises(OwnMunicipality):
            decide()


def test_signal_sends_the_move_and_the_revision(city, lead):
    received = []

    def receiver(sender, city_period, transition, revision, **kwargs):
        received.append((sender, city_period.state, transition.verb, revision))

    period_state_changed.connect(receiver)
    try:
        revision = periods.submit_period(CityPeriodFactory(city=city), by=lead)
    finally:
        period_state_changed.disconnect(receiver)

    assert received == [(CityPeriod, "submitted", "submit", revision)]


# ---- emails


def test_emails_go_to_people_with_the_next_task(city, official, lead, coordinator):
    member(BodyKind.CITY_OFFICE, Role.VIEWER, city)
    member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=city.municipality)  # may not accept it
    city_period = CityPeriodFactory(city=city, to_state="scheduled")
    recipients = {}
    for verb in ("open", "submit", "return", "submit", "accept"):
        Mail.objects.all().delete()
        perform(verb, city_period, lead, coordinator)
        recipients[verb] = set(Mail.objects.values_list("recipient", flat=True))
    Mail.objects.all().delete()
    periods.request_reopen(city_period, by=lead, reason="A digit too many.")

    city_emails = {lead.email, official.email}
    assert recipients == {
        "open": city_emails,
        "submit": {coordinator.email},
        "return": city_emails,
        "accept": {lead.email},
    }
    mail = Mail.objects.get(recipient=coordinator.email)
    assert Mail.objects.count() == 2
    assert "A digit too many.\n\nReopen the period or decline the request" in mail.body
    assert city_period.get_absolute_url() in mail.body


def test_email_is_in_the_language_of_the_recipient(city, lead, coordinator):
    lead.language = "en"
    lead.save()
    city_period = CityPeriodFactory(city=city, to_state="submitted")

    with translation.override("sv"):
        periods.reopen_period(city_period, by=coordinator, reason="Fel siffra.")

    mail = Mail.objects.get(recipient=lead.email)
    assert (mail.language, mail.subject) == ("en", f"Period reopened: Linköping, {city_period.period.name}")


def test_declined_request_is_answered_once_and_sent_to_the_city(city, lead, official, coordinator):
    city_period = CityPeriodFactory(city=city, to_state="accepted")
    with pytest.raises(TransitionNotAllowed, match="There is no request"):
        periods.decline_reopen(city_period, by=coordinator, reason="No.")
    periods.request_reopen(city_period, by=lead, reason="A digit too many.")
    Mail.objects.all().delete()

    with pytest.raises(PermissionRefused):
        periods.decline_reopen(city_period, by=lead, reason="No.")
    periods.decline_reopen(city_period, by=coordinator, reason="The digit is right.")

    city_period.refresh_from_db()
    assert city_period.state == "accepted"
    assert set(Mail.objects.values_list("recipient", flat=True)) == {lead.email, official.email}
    assert all("The digit is right." in body for body in Mail.objects.values_list("body", flat=True))
    with pytest.raises(TransitionNotAllowed, match="already been answered"):
        periods.decline_reopen(city_period, by=coordinator, reason="No.")


@pytest.mark.parametrize("kind", ["comment", "endorse"])
def test_officials_are_notified_once_of_what_the_expert_group_says(everyone, city, kind):
    city_period = CityPeriodFactory(city=city)

    for _again in range(2):
        getattr(periods, f"{kind}_period")(city_period, by=everyone["expert"], text="Add the figures.")

    assert sorted(Mail.objects.values_list("recipient", flat=True)) == sorted(
        [everyone["lead"].email, everyone["official"].email]
    )
    assert "Add the figures." not in "".join(Mail.objects.values_list("body", flat=True))


# ---- comments and narrative


def test_expert_group_comments_before_submission_and_endorses_once(everyone, city):
    city_period = CityPeriodFactory(city=city)
    expert = everyone["expert"]

    comment = periods.comment_period(city_period, by=expert, text=" Add the figures. ")
    first = periods.endorse_period(city_period, by=expert)
    again = periods.endorse_period(city_period, by=expert)
    with pytest.raises(StrategyError, match="endorsed this period"):
        periods.endorse_period(city_period, by=expert, text="Yes.")
    periods.submit_period(city_period, by=everyone["lead"])

    assert (comment.text, comment.revision, again) == ("Add the figures.", 1, first)
    for late_call in (
        lambda: periods.comment_period(city_period, by=expert, text="Late."),
        lambda: periods.endorse_period(city_period, by=expert),
    ):
        with pytest.raises(TransitionNotAllowed, match="expert group"):
            late_call()
    with pytest.raises(PermissionRefused):
        periods.comment_period(city_period, by=everyone["lead"], text="Mine.")


def test_comment_needs_text(everyone, city):
    with pytest.raises(ReasonMissing):
        periods.comment_period(CityPeriodFactory(city=city), by=everyone["expert"], text=" ")


def test_reopen_request_for_an_open_period_is_refused(city, lead):
    with pytest.raises(TransitionNotAllowed, match="without asking"):
        periods.request_reopen(CityPeriodFactory(city=city), by=lead, reason="x")
    assert PeriodComment.objects.count() == 0


def test_narrative_with_stale_version_raises_edit_conflict(city, lead, official):
    city_period = CityPeriodFactory(city=city)
    narrative = periods.save_narrative(city_period, by=lead, text="One.", language="en")

    periods.save_narrative(city_period, by=official, text="Two.", language="en", version=narrative.version)

    for stale in (narrative.version, None):
        with pytest.raises(EditConflict) as refused:
            periods.save_narrative(city_period, by=lead, text="Mine.", language="en", version=stale)
        assert refused.value.current.text == "Two."
    assert [(row.text, row.history_user) for row in narrative.history.all()] == [("Two.", official), ("One.", lead)]


def test_narrative_of_a_locked_period_cannot_be_saved(city, lead):
    city_period = CityPeriodFactory(city=city, to_state="accepted")

    with pytest.raises(PeriodLocked):
        periods.save_narrative(city_period, by=lead, text="No.", language="en")
