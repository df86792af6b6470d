"""The pact: drafts, versions, what is frozen, and what is in force."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction

from cities.enums import BodyKind, Role
from core import clock, issued_hashes, triggers
from core.exceptions import EditConflict, Frozen, InputRefused, PermissionRefused, ReasonMissing
from core.snapshots import sha256_hex
from core.verification import check_hashes
from pilot.enums import PactState
from pilot.exceptions import PactDraftExists, PactFrozen, PactIncomplete, PactStateChanged
from pilot.models import Pact, PactSnapshot, PactText, PactTransition, PactVersion
from pilot.selectors import frozen_pact
from pilot.selectors.pacts import compare_versions, draft_texts, text_for, texts_of, versions_of
from pilot.services import pacts
from pilot.verification import check_pacts
from tests.factories import CityFactory, CityPeriodFactory, PactTextFactory, PactVersionFactory, member

from .pact_data import TEXT, PactScene
from .test_gates import check_result

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db):
    return PactScene()


# ---- drafts


def test_first_version_is_a_draft_with_its_authoritative_text(scene):
    assert (scene.version.number, scene.version.state) == (1, "draft")
    assert [(text.language, text.is_authoritative, text.is_older) for text in texts_of(scene.version)] == [
        ("en", True, False),
        ("sv", False, False),
    ]
    assert scene.english.history.get().history_user == scene.official


def test_city_has_one_pact(scene):
    words = {"language": "en", "title": "Another", "text": TEXT}

    with pytest.raises(PactDraftExists):
        pacts.draft_first_version(scene.city, by=scene.official, **words)


def test_only_officials_of_the_city_draft(scene):
    city = CityFactory()
    words = {"language": "en", "title": "Another", "text": TEXT}
    viewer = member(BodyKind.CITY_OFFICE, Role.VIEWER, city)
    coordinator = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)

    for user in (scene.official, viewer, coordinator, AnonymousUser()):
        with pytest.raises(PermissionRefused):
            pacts.draft_first_version(city, by=user, **words)
    assert Pact.objects.count() == 1


def test_text_needs_title_and_words(scene):
    with pytest.raises(InputRefused) as refused:
        pacts.add_text(scene.version, by=scene.official, language="pl", title="", text="")

    assert set(refused.value.errors) == {"title", "text"}


def test_each_language_has_one_text(scene):
    with pytest.raises(InputRefused, match="already a text in this language"):
        pacts.add_text(scene.version, by=scene.official, language="sv", title="Igen", text="Igen.")


def test_translation_is_older_once_the_authoritative_text_changes(scene):
    changed = {"text": TEXT.replace("together.", "together,")}
    pacts.save_text(scene.english, by=scene.official, fields=changed, version=1)
    assert [text.is_older for text in texts_of(scene.version)] == [False, True]

    pacts.save_text(scene.swedish, by=scene.official, fields={"title": "Vår pakt"}, version=1)  # checked, no change

    assert [text.is_older for text in texts_of(scene.version)] == [False, False]
    assert PactText.objects.get(pk=scene.swedish.pk).version == 2
    pacts.save_text(scene.swedish, by=scene.official, fields={"title": "Vår pakt"}, version=1)
    assert PactText.objects.get(pk=scene.swedish.pk).version == 2, "nothing was new"


def test_second_editor_is_told(scene):
    pacts.save_text(scene.english, by=scene.official, fields={"title": "First"}, version=1)

    with pytest.raises(EditConflict):
        pacts.save_text(scene.english, by=scene.lead, fields={"title": "Second"}, version=1)


def test_another_language_becomes_authoritative(scene):
    polish = pacts.add_text(scene.version, by=scene.official, language="pl", title="Pakt", text="Razem.")
    pacts.make_authoritative(scene.swedish, by=scene.official)

    texts = {text.language: text for text in texts_of(scene.version)}
    assert [code for code, text in texts.items() if text.is_authoritative] == ["sv"]
    assert not any(text.is_older for text in texts.values()), "all said the same"
    pacts.make_authoritative(scene.swedish, by=scene.official)
    assert PactText.objects.get(pk=scene.swedish.pk).version == 2, "it was already"
    assert polish.pk


def test_authoritative_translation_that_was_older_leaves_the_others_older(scene):
    pacts.save_text(scene.english, by=scene.official, fields={"title": "New title"}, version=1)

    pacts.make_authoritative(scene.swedish, by=scene.official)

    assert {text.language: text.is_older for text in texts_of(scene.version)} == {"sv": False, "en": True}


def test_older_translation_stays_older_whichever_language_is_authoritative(scene):
    pacts.add_text(scene.version, by=scene.official, language="pl", title="Pakt", text="Razem.")
    pacts.save_text(scene.english, by=scene.official, fields={"title": "New title"}, version=1)
    pacts.save_text(scene.swedish, by=scene.official, fields={"title": "Ny titel"}, version=1)

    for text in (scene.swedish, scene.english):
        pacts.make_authoritative(text, by=scene.official)

        older = {text.language: text.is_older for text in texts_of(scene.version)}
        assert older == {"sv": False, "en": False, "pl": True}
    assert PactText.objects.get(language="pl").version == 2, "it changed once"


def test_text_without_authoritative_one_cannot_be_opened(scene):
    bare = PactVersionFactory(pact__city=CityFactory())
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, bare.pact.city)
    with pytest.raises(PactIncomplete):
        pacts.open_version(bare, by=lead)

    PactTextFactory(pact_version=bare)
    PactTextFactory(pact_version=bare, language="sv", text=" ", is_authoritative=False)

    with pytest.raises(PactIncomplete, match="Every language"):
        pacts.open_version(bare, by=lead)


# ---- opening


def test_opening_freezes_texts_with_their_hash(scene):
    scene.opened()

    snapshot = PactSnapshot.objects.get(pact_version=scene.version)
    contents = json.loads(snapshot.snapshot)
    assert snapshot.sha256 == sha256_hex(snapshot.snapshot)
    assert (contents["kind"], contents["number"], contents["city"]["name"]) == ("pact", 1, scene.city.name)
    assert [(text["language"], text["is_authoritative"]) for text in contents["texts"]] == [("en", True), ("sv", False)]
    assert contents["texts"][0]["text"] == TEXT
    assert [text.text for text in texts_of(scene.version)] == [row.text for row in scene.version.texts.all()]


def test_only_the_lead_opens(scene):
    for user in (scene.official, member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)):
        with pytest.raises(PermissionRefused):
            pacts.open_version(scene.version, by=user)


def test_opened_text_cannot_change_by_service(scene):
    scene.opened()

    for call in (
        lambda: pacts.save_text(scene.english, by=scene.official, fields={"title": "X"}, version=1),
        lambda: pacts.add_text(scene.version, by=scene.official, language="pl", title="X", text="X"),
        lambda: pacts.make_authoritative(scene.swedish, by=scene.official),
    ):
        with pytest.raises(PactFrozen):
            call()


STATEMENTS = [
    "UPDATE pilot_pacttext SET text = text || ',' WHERE language = 'en'",
    "UPDATE pilot_pacttext SET is_authoritative = NOT is_authoritative",
    "DELETE FROM pilot_pacttext",
    "UPDATE pilot_pactsnapshot SET sha256 = 'x'",
    "UPDATE pilot_pactsnapshot SET snapshot = '{}'",
    "DELETE FROM pilot_pactsnapshot",
    "UPDATE pilot_pacttransition SET reason = 'x'",
    "DELETE FROM pilot_pacttransition",
    "UPDATE pilot_pactversion SET state = 'draft'",
    "UPDATE pilot_pactversion SET state = 'in_force', in_force_from = '2026-01-01'",
    "UPDATE pilot_pactversion SET number = 7",
    "UPDATE pilot_pactversion SET transition_count = 0",
    "UPDATE pilot_pactversion SET in_force_from = '2026-01-01'",
    "DELETE FROM pilot_pactversion",
    "INSERT INTO pilot_pacttext (pact_version_id, version, language, title, text, is_authoritative, source_sha256) "
    "SELECT id, 1, 'pl', 'X', 'X', false, '' FROM pilot_pactversion",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_opened_version_cannot_change_by_sql(scene, statement):
    scene.opened()

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_opened_version_cannot_change_by_models(scene):
    scene.opened()
    row = PactText.objects.get(pk=scene.english.pk)
    row.text += ","

    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        row.save()
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        PactText.objects.filter(pk=row.pk).update(title="X")
    with pytest.raises(Frozen):
        PactSnapshot.objects.update(sha256="x")
    with pytest.raises(IntegrityError, match="opened for signature"), transaction.atomic():
        PactSnapshot.objects.create(
            pact_version=PactVersionFactory(pact__city=CityFactory()), snapshot="{}", sha256=sha256_hex("{}")
        )


def test_version_begins_as_a_draft(scene):
    for fields in ({"state": "in_force", "in_force_from": clock.today()}, {"transition_count": 3}, {"number": 2}):
        with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
            PactVersion.objects.create(**{"pact": scene.pact, "number": 9} | fields)


def test_transition_must_follow_the_last_one(scene):
    scene.opened()
    fields = {"pact_version": scene.version, "verb": "close", "from_state": "open", "to_state": "closed"}

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
        PactTransition.objects.create(**fields, number=5, day=clock.today(), by=scene.lead)


# ---- later versions


def test_next_version_starts_with_the_texts_of_the_latest(scene):
    pacts.save_text(scene.english, by=scene.official, fields={"title": "New title"}, version=1)
    scene.opened()

    draft = scene.next_draft()

    assert (draft.number, draft.state) == (2, "draft")
    assert [text._replace(pk=None) for text in draft_texts(draft)] == texts_of(scene.version)
    assert [text.is_older for text in draft_texts(draft)] == [False, True]
    with pytest.raises(PactDraftExists):
        scene.next_draft()


def test_next_version_skips_a_withdrawn_one_unless_it_is_all_there_is(scene):
    scene.opened()
    second = scene.next_draft()
    pacts.save_text(second.texts.get(language="en"), by=scene.official, fields={"title": "Mistake"}, version=1)
    pacts.withdraw_version(second, by=scene.lead, reason="Mistaken.")
    third = scene.next_draft()
    assert (third.number, third.texts.get(language="en").title) == (3, "Our pact")

    other = PactScene()
    pacts.withdraw_version(other.version, by=other.lead, reason="Not yet.")

    assert other.next_draft().texts.count() == 2


def test_changed_comma_is_a_new_version_with_another_hash(scene):
    scene.in_force()
    second = scene.next_draft()
    text = second.texts.get(language="en")
    pacts.save_text(text, by=scene.official, fields={"text": TEXT.replace("together.", "together,")}, version=1)
    scene.opened(second)

    hashes = [row.sha256 for row in versions_of(scene.pact, scene.official)]
    assert len(set(hashes)) == 2
    assert None not in hashes
    change = compare_versions(scene.version, second)[0]
    assert (change.language, change.is_changed) == ("en", True)
    assert [paragraph.kind for paragraph in change.paragraphs] == ["changed", "same", "same"]


def test_language_that_is_new_or_gone_is_said(scene):
    scene.in_force()
    second = scene.next_draft()
    fields = {"language": "pl", "title": "Pakt", "text": "Razem."}
    pacts.save_text(second.texts.get(language="sv"), by=scene.official, fields=fields, version=1)

    found = {
        change.language: (change.has_before, change.has_after) for change in compare_versions(scene.version, second)
    }

    assert found == {"en": (True, True), "pl": (False, True), "sv": (True, False)}


# ---- in force


def test_put_in_force_from_a_day(scene):
    day = clock.today() - timedelta(days=3)
    scene.in_force(day=day)

    version = PactVersion.objects.get()
    assert (version.state, version.in_force_from, version.in_force_until) == ("in_force", day, None)
    assert [move.verb for move in version.transitions.all()] == ["open", "close", "put_in_force"]


def test_day_in_the_future_is_refused(scene):
    with pytest.raises(InputRefused, match="future"):
        scene.in_force(day=clock.today() + timedelta(days=1))


def test_draft_cannot_be_put_in_force(scene):
    with pytest.raises(PactStateChanged):
        pacts.put_in_force(scene.version, by=scene.lead, day=clock.today())


def test_next_version_in_force_supersedes_the_older_ones(scene):
    day = clock.today()
    first = scene.in_force(day=day - timedelta(days=9))
    waiting = scene.next_draft()
    scene.opened(waiting)
    third = scene.next_draft()
    scene.closed(third)
    with pytest.raises(InputRefused, match="Choose that day or a later one"):
        pacts.put_in_force(third, by=scene.lead, day=day - timedelta(days=10))

    pacts.put_in_force(third, by=scene.lead, day=day)

    first.refresh_from_db()
    waiting.refresh_from_db()
    assert (first.state, first.in_force_until) == ("superseded", day)
    assert (waiting.state, waiting.in_force_from, waiting.in_force_until) == ("superseded", None, None)


def test_newer_version_stays_open_when_an_older_one_comes_into_force(scene):
    closed = scene.closed()
    second = scene.next_draft()
    scene.opened(second)

    pacts.put_in_force(closed, by=scene.lead, day=clock.today())

    assert PactVersion.objects.get(number=2).state == PactState.OPEN


def test_version_ends_or_is_withdrawn_with_a_reason(scene):
    scene.opened()
    with pytest.raises(ReasonMissing):
        pacts.withdraw_version(scene.version, by=scene.lead, reason=" ")
    pacts.withdraw_version(scene.version, by=scene.lead, reason="A partner left.")
    with pytest.raises(PactStateChanged):
        pacts.save_text(scene.english, by=scene.official, fields={"title": "X"}, version=1)

    second = scene.in_force(scene.next_draft())
    with pytest.raises(ReasonMissing):
        pacts.supersede_version(second, by=scene.lead, reason="")
    pacts.supersede_version(second, by=scene.lead, reason="The pilot has ended.")

    assert [row.state for row in PactVersion.objects.order_by("number")] == ["withdrawn", "superseded"]
    assert PactVersion.objects.get(number=2).in_force_until == clock.today()


# ---- who sees what


def test_public_sees_versions_that_are_or_were_in_force(scene):
    public, stranger = AnonymousUser(), member(BodyKind.CITY_OFFICE, Role.OFFICIAL, CityFactory())
    viewer = member(BodyKind.EXPERT_GROUP, Role.MEMBER, scene.city)
    partner = member(BodyKind.NETWORK_OFFICE, Role.PARTNER)
    scene.opened()
    for user, seen in ((public, 0), (stranger, 0), (viewer, 1), (partner, 1)):
        assert PactVersion.objects.visible_to(user).count() == seen
        assert Pact.objects.visible_to(user).count() == seen
        assert PactSnapshot.objects.visible_to(user).count() == seen

    scene.put_in_force(scene.version)
    scene.next_draft()

    for user, seen in ((public, [1]), (stranger, [1]), (viewer, [2, 1]), (partner, [2, 1])):
        assert [row.number for row in versions_of(scene.pact, user)] == seen
        rows = PactVersion.objects.all()
        assert {row.number for row in rows if user.has_perm("pilot.view_pactversion", row)} == set(seen)


def test_text_is_shown_in_the_language_of_the_reader_else_the_authoritative_one(scene):
    texts = texts_of(scene.version)

    assert text_for(texts, "sv").language == "sv"
    assert text_for(texts, "", "de").language == "en"
    assert text_for([], "sv") is None


# ---- registries


def test_revision_freezes_the_version_in_force(scene):
    period = CityPeriodFactory(city=scene.city)
    scene.opened()
    assert frozen_pact(period) is None

    scene.put_in_force(scene.version)

    sha256 = PactSnapshot.objects.get().sha256
    assert frozen_pact(period) == {"number": 1, "in_force_from": clock.today(), "sha256": sha256}


def test_requirement_is_met_by_a_version_in_force_alone(scene):
    scene.opened()
    assert check_result(scene.city, "pact_in_force").met is False
    scene.put_in_force(scene.version)
    result = check_result(scene.city, "pact_in_force", AnonymousUser())
    assert (result.met, result.reason.startswith("Version 1 has been in force since")) == (True, True)

    scene.opened(scene.next_draft())

    assert check_result(scene.city, "pact_in_force").met is True


def test_verify_finds_the_hash_and_says_whether_the_reader_may_see_it(scene):
    scene.opened()
    sha256 = PactSnapshot.objects.get().sha256

    found = issued_hashes.find(sha256, AnonymousUser()).found

    assert (found.version, found.may_see) == (scene.version, False)
    assert issued_hashes.find(sha256, scene.official).found.may_see is True
    assert issued_hashes.find("0" * 64, scene.official) is None


def test_verification_finds_what_was_changed_past_the_triggers(scene):
    scene.opened()
    draft = PactScene()
    assert check_pacts().differences == []
    assert check_pacts().checked == 2

    with triggers.triggers_dropped(), connection.cursor() as cursor:
        cursor.execute("UPDATE pilot_pacttext SET title = 'X' WHERE id = %s", [scene.english.pk])
        cursor.execute("UPDATE pilot_pactversion SET state = 'closed' WHERE id = %s", [draft.version.pk])
    found = check_pacts().differences

    assert found == [
        f"pilot.pactversion {scene.version.pk}: its texts are not those that were opened for signature",
        f"pilot.pactversion {draft.version.pk}: is closed, and its last transition led to draft",
    ]


def test_verification_finds_changed_or_missing_snapshots_and_transitions(scene):
    scene.opened()
    second = PactScene()
    second.opened()
    third = PactScene()
    third.in_force()

    with triggers.triggers_dropped(), connection.cursor() as cursor:
        cursor.execute("UPDATE pilot_pactsnapshot SET snapshot = '{}' WHERE pact_version_id = %s", [scene.version.pk])
        cursor.execute("DELETE FROM pilot_pactsnapshot WHERE pact_version_id = %s", [second.version.pk])
        cursor.execute("DELETE FROM pilot_pacttransition WHERE verb = 'close'")
    found = "\n".join(check_pacts().differences)

    assert f"{scene.version.pk}: what was opened for signature does not match its SHA-256" in found
    assert f"{second.version.pk}: was opened for signature, and what was opened is missing" in found
    assert f"{third.version.pk}: its transitions are not numbered from 1 to 3" in found
    assert f"{third.version.pk}: a transition does not begin where the one before it ended" in found
    assert any("pilot.pactsnapshot" in line for line in check_hashes().differences)
