"""Pages of the pact, for people of the city, the network and the public."""

import pytest
from django.test import Client
from django.urls import reverse

from cities.enums import BodyKind, Role
from core import clock
from pilot.enums import PactState
from pilot.models import Pact, PactSnapshot, PactText, PactVersion
from pilot.services import pacts
from tests.factories import CityFactory, member

from .pact_data import TEXT, PactScene, sign_on_paper

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db):
    return PactScene(name="Sala", slug="sala")


def page(user, route="pact_detail", *args, query=""):
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(reverse(f"pilot:{route}", args=args or ["sala"]) + query)


def post(user, route, *args, **data):
    client = Client()
    client.force_login(user)
    path = reverse(f"pilot:{route}", args=args)
    opened = client.get(path)
    form = opened.context["form"] if opened.context and "form" in opened.context else None
    initial = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()} if form else {}
    return client.post(path, {name: value for name, value in initial.items() if value is not None} | data)


def text_of(response):
    return response.content.decode()


def test_pact_is_drafted_on_its_page():
    city = CityFactory(name="Sala", slug="sala", language="sv", other_languages=["en"])
    official = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city)
    assert "There is no pact yet" in text_of(page(official))
    assert reverse("pilot:pact_draft", args=["sala"]) in text_of(page(official))

    response = post(official, "pact_draft", "sala", language="en", title="Our pact", text=TEXT)

    assert response.url == "/cities/sala/pact/1/"
    assert PactText.objects.get().title == "Our pact"
    assert Pact.objects.get().city == city


def test_empty_pact_page_is_for_the_city_and_the_network():
    city = CityFactory(name="Sala", slug="sala")
    assert page(None).status_code == 302
    assert page(member(BodyKind.CITY_OFFICE, Role.OFFICIAL, CityFactory())).status_code == 404
    viewer, partner = member(BodyKind.CITY_OFFICE, Role.VIEWER, city), member(BodyKind.NETWORK_OFFICE, Role.PARTNER)

    for user in (viewer, partner):
        shown = text_of(page(user))
        assert "There is no pact yet" in shown
        assert "Draft the pact" not in shown
    assert page(partner, "pact_draft", "sala").status_code == 403


def test_draft_and_opened_version_are_not_public(scene):
    stranger = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, CityFactory())
    for _state in ("draft", "open"):
        assert page(None).status_code == 302
        assert page(stranger).status_code == 404
        assert page(stranger, "pactversion_detail", "sala", 1).status_code == 404
        assert page(stranger, "pactversion_changes", "sala", 1).status_code == 404
        assert "Our pact" in text_of(page(scene.official))
        if PactVersion.objects.get().state == PactState.DRAFT:
            scene.opened()


def test_texts_are_edited_and_a_conflict_keeps_what_was_typed(scene):
    path = reverse("pilot:pacttext_edit", args=[scene.english.pk])
    client = Client()
    client.force_login(scene.official)
    typed = {"language": "en", "title": "Typed by me", "text": TEXT, "version": "1"}
    pacts.save_text(scene.english, by=scene.lead, fields={"title": "Saved by the lead"}, version=1)

    response = client.post(path, typed)

    assert response.status_code == 409
    assert "Saved by the lead" in text_of(response)
    assert 'value="Typed by me"' in text_of(response)
    assert client.post(path, typed | {"version": "2"}).url == "/cities/sala/pact/1/?language=en"
    assert PactText.objects.get(language="en").title == "Typed by me"


def test_language_is_added_and_made_authoritative(scene):
    scene.city.other_languages = ["en", "fi"]
    scene.city.save()
    opened = page(scene.official, "pacttext_add", "sala", 1)
    assert [code for code, _name in opened.context["form"].fields["language"].choices] == ["fi"]

    post(scene.official, "pacttext_add", "sala", 1, language="fi", title="Sopimus", text="Yhdessä.")
    finnish = PactText.objects.get(language="fi")
    client = Client()
    client.force_login(scene.official)
    client.post(reverse("pilot:pacttext_authoritative", args=[finnish.pk]))

    assert PactText.objects.get(is_authoritative=True) == finnish
    shown = text_of(page(scene.official, "pactversion_detail", "sala", 1, query="?language=fi"))
    assert "This is the authoritative text. The others are translations of it." in shown
    assert "Make this language authoritative" not in shown


def test_marked_translation_says_that_it_is_older(scene):
    pacts.save_text(scene.english, by=scene.official, fields={"title": "Changed"}, version=1)

    shown = text_of(page(scene.official, "pactversion_detail", "sala", 1, query="?language=sv"))

    assert "This translation is older than the authoritative text" in shown
    assert "If it differs from the authoritative text, the authoritative text applies." in shown


def test_lead_takes_a_version_from_draft_to_in_force(scene):
    shown = text_of(page(scene.lead, "pactversion_detail", "sala", 1))
    assert "Open for signature" in shown
    assert "Open for signature" not in text_of(page(scene.official, "pactversion_detail", "sala", 1))

    client = Client()
    client.force_login(scene.lead)
    client.post(reverse("pilot:pactversion_open", args=["sala", 1]))
    sign_on_paper(scene.version, scene.lead)
    client.post(reverse("pilot:pactversion_close", args=["sala", 1]))
    post(scene.lead, "pactversion_in_force", "sala", 1, day=clock.today().isoformat())

    assert PactVersion.objects.get().state == "in_force"
    public = text_of(page(None))
    assert "Everybody can take part." in public
    assert "Timeline" not in public
    assert "In force" in text_of(page(None, "pactversion_detail", "sala", 1))
    assert "Vi arbetar tillsammans." in text_of(page(None, query="?language=sv"))


def test_wrong_day_is_said_at_its_field(scene):
    scene.closed()

    response = post(scene.lead, "pactversion_in_force", "sala", 1, day="2999-01-01")

    assert response.context["form"].errors.keys() == {"day"}


def test_version_in_force_is_named_where_the_next_one_would_replace_it(scene):
    scene.in_force()
    second = scene.next_draft()
    scene.closed(second)

    shown = text_of(page(scene.lead, "pactversion_in_force", "sala", 2))

    assert "Version 1 is superseded on the same day" in shown


def test_public_page_shows_version_one_alone_until_version_two_is_in_force(scene):
    scene.in_force()
    second = scene.next_draft()
    fields = {"text": TEXT.replace("together.", "together,")}
    pacts.save_text(second.texts.get(language="en"), by=scene.official, fields=fields, version=1)
    scene.opened(second)
    public = text_of(page(None))
    assert "We work together." in public
    assert "/cities/sala/pact/2/" not in public
    assert page(None, "pactversion_detail", "sala", 2).status_code == 302

    scene.put_in_force(second)

    public = text_of(page(None))
    assert "We work together," in public
    assert "/cities/sala/pact/1/" in public
    assert "/cities/sala/pact/2/" in public
    changes = text_of(page(None, "pactversion_changes", "sala", 2))
    assert "<del>together." in changes
    assert "<ins>together," in changes


def test_changes_compare_with_any_version_or_say_that_there_is_none(scene):
    assert "There is no other version to compare with" in text_of(page(scene.lead, "pactversion_changes", "sala", 1))
    scene.in_force()
    second = scene.next_draft()
    scene.opened(second)
    third = scene.next_draft()
    pacts.save_text(third.texts.get(language="sv"), by=scene.official, fields={"title": "Ny titel"}, version=1)

    shown = page(scene.lead, "pactversion_changes", "sala", 3, query="?with=1")

    assert shown.context["before"].number == 1
    assert "The text has not changed." in text_of(shown)
    assert page(scene.lead, "pactversion_changes", "sala", 3, query="?with=77").context["before"].number == 2


def test_new_version_is_drafted_by_a_button(scene):
    scene.in_force()
    client = Client()
    client.force_login(scene.official)
    path = reverse("pilot:pactversion_draft", args=["sala"])
    assert path in text_of(page(scene.official))

    assert client.post(path).url == "/cities/sala/pact/2/"
    assert client.post(path).url == "/cities/sala/pact/"
    assert PactVersion.objects.count() == 2
    other = CityFactory(slug="arboga")
    client.force_login(member(BodyKind.CITY_OFFICE, Role.OFFICIAL, other))
    assert client.post(reverse("pilot:pactversion_draft", args=["arboga"])).status_code == 404


@pytest.mark.parametrize(
    "route, state", [("pactversion_supersede", "superseded"), ("pactversion_withdraw", "withdrawn")]
)
def test_version_ends_with_a_reason(scene, route, state):
    scene.opened()

    post(scene.lead, route, "sala", 1, text="A partner left.")

    assert PactVersion.objects.get().state == state
    assert "A partner left." in text_of(page(scene.official, "pactversion_detail", "sala", 1))


def test_officials_do_not_decide_and_others_do_not_post(scene):
    stranger = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, CityFactory())
    routes = ["pactversion_open", "pactversion_close", "pactversion_in_force", "pactversion_supersede"]
    for user, answer in ((scene.official, 403), (stranger, 404)):
        client = Client()
        client.force_login(user)
        for route in routes:
            assert client.post(reverse(f"pilot:{route}", args=["sala", 1]), {"text": "x"}).status_code == answer
    client.force_login(stranger)
    for route in ("pacttext_edit", "pacttext_authoritative"):
        assert client.post(reverse(f"pilot:{route}", args=[scene.english.pk]), {}).status_code == 404
    assert PactVersion.objects.get().state == "draft"


def test_city_page_has_the_pact(scene):
    def city_page(user):
        client = Client()
        if user:
            client.force_login(user)
        return client.get("/cities/sala/").content.decode()

    assert "Open the pact" not in city_page(None)
    assert "Open the pact" in city_page(scene.official)

    scene.in_force()

    assert "Open the pact" in city_page(None)
    other = CityFactory(slug="arboga")
    client = Client()
    client.force_login(member(BodyKind.CITY_OFFICE, Role.OFFICIAL, other))
    assert "The city has not drafted its pact yet." in client.get("/cities/arboga/").content.decode()


@pytest.mark.parametrize("count", [1, 4])
def test_pact_page_costs_the_same_for_one_version_or_more(scene, count, django_assert_max_num_queries):
    scene.in_force()
    for _number in range(count):
        pacts.withdraw_version(scene.next_draft(), by=scene.lead, reason="Mistaken.")
    client = Client()
    client.force_login(scene.official)

    with django_assert_max_num_queries(14):
        client.get("/cities/sala/pact/")
    with django_assert_max_num_queries(16):
        client.get("/cities/sala/pact/1/")


def test_verify_page_names_the_version(scene):
    scene.opened()
    sha256 = PactSnapshot.objects.get().sha256
    path = f"/verify/?hash={sha256}"

    public = Client().get(path).content.decode()
    assert "version 1" in public
    assert "/cities/sala/pact/1/" not in public
    client = Client()
    client.force_login(scene.official)
    assert "/cities/sala/pact/1/" in client.get(path).content.decode()
