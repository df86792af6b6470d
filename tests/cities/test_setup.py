import io
import re

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from cities import seed_translations
from cities.enums import BodyKind, Role
from cities.models import Body, Installation, Membership, Person, TargetGroup, Theme
from cities.services import setup
from tests.factories import UserFactory

PASSWORD = "four words that differ"
GIVEN = {"network": "Pact of Towns", "email": "Anna@Town.Example", "name": "Anna Larsson"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def run_setup(monkeypatch):
    def run_setup(typed="", **options):
        out = io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        call_command("setup", stdout=out, **options)
        return out.getvalue()

    return run_setup


def test_setup_creates_coordinator_installation_and_reference_data(run_setup):
    out = run_setup(PASSWORD + "\n", **GIVEN, password_stdin=True)

    user = User.objects.get()
    assert user.email == "anna@town.example"
    assert user.check_password(PASSWORD)
    assert not user.is_superuser
    assert user.has_perm("cities.use_admin")
    assert Installation.objects.get().network_name == "Pact of Towns"
    assert not Installation.objects.get().is_demo
    assert set(Body.objects.values_list("kind", flat=True)) == {"network_office", "scientific_committee"}
    assert Theme.objects.count() == len(seed_translations.THEMES)
    assert TargetGroup.objects.count() == len(seed_translations.TARGET_GROUPS)
    assert "is ready" in out


def test_setup_reads_password_from_environment(run_setup, monkeypatch):
    monkeypatch.setenv("EPI_SETUP_PASSWORD", PASSWORD)

    run_setup(**GIVEN)

    assert User.objects.get().check_password(PASSWORD)


def test_one_time_link_sets_password_of_coordinator(run_setup, client, settings):
    out = run_setup(**GIVEN, link=True)
    link = re.search(r"http\S+", out)[0].removeprefix(settings.SITE_URL)

    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})

    assert User.objects.get().check_password(PASSWORD)


def test_setup_refuses_existing_network(run_setup):
    run_setup(PASSWORD, **GIVEN, password_stdin=True)

    with pytest.raises(CommandError, match="already contains a network"):
        run_setup(PASSWORD, **GIVEN | {"email": "eve@town.example"}, password_stdin=True)
    with pytest.raises(setup.NetworkExists):
        setup.create_network_with_coordinator(network="x", email="eve@town.example", name="Eve", password=PASSWORD)

    assert User.objects.count() == 1


def test_create_network_twice_changes_nothing():
    first = setup.create_network(name="Pact")
    Theme.objects.filter(code="housing").update(name="Homes")

    second = setup.create_network(name="Another name")

    assert first == second
    assert second.network_name == "Pact"
    assert Theme.objects.get(code="housing").name == "Homes"
    assert Body.objects.count() == 2


@pytest.mark.parametrize(
    "options,typed,message",
    [
        (GIVEN | {"email": "nonsense"}, PASSWORD, "not an e-mail address"),
        (GIVEN | {"name": ""}, PASSWORD, "Some values are missing"),
        (GIVEN | {"network": ""}, PASSWORD, "Some values are missing"),
        (GIVEN, "short", "too short"),
    ],
)
def test_bad_input_creates_nothing(run_setup, options, typed, message):
    with pytest.raises(CommandError, match=message):
        run_setup(typed, **options, password_stdin=True)

    assert not User.objects.exists()


def test_missing_password_is_refused(run_setup, monkeypatch):
    monkeypatch.delenv("EPI_SETUP_PASSWORD", raising=False)

    with pytest.raises(CommandError, match="--password-stdin"):
        run_setup(**GIVEN)


def test_setup_asks_questions_in_terminal(run_setup, monkeypatch):
    answers = iter(["anna@town.example", "Anna", "Pact"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda question: PASSWORD)
    monkeypatch.setattr("cities.management.commands.setup.sys.stdin", Terminal())

    call_command("setup", stdout=io.StringIO())

    assert User.objects.get().check_password(PASSWORD)


def test_setup_asks_again_after_a_wrong_answer(monkeypatch):
    answers = iter(["anna.town.example", "", "anna@town.example", "", "Anna", "Pact"])
    passwords = iter(["short", PASSWORD])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda question: next(passwords))
    monkeypatch.setattr("cities.management.commands.setup.sys.stdin", Terminal())
    said = io.StringIO()

    call_command("setup", stdout=io.StringIO(), stderr=said)

    assert User.objects.get().email == "anna@town.example"
    assert User.objects.get().check_password(PASSWORD)
    assert "anna.town.example is not an e-mail address." in said.getvalue()
    assert "too short" in said.getvalue()


def test_setup_asks_again_for_a_mistyped_option(monkeypatch):
    monkeypatch.setenv("EPI_SETUP_PASSWORD", PASSWORD)
    monkeypatch.setattr("builtins.input", lambda question: "anna@town.example")
    monkeypatch.setattr("cities.management.commands.setup.sys.stdin", Terminal())

    call_command("setup", stdout=io.StringIO(), stderr=io.StringIO(), **GIVEN | {"email": "anna"})

    assert User.objects.get().email == "anna@town.example"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_setup_adds_committee_chair(run_setup):
    run_setup(PASSWORD, **GIVEN, password_stdin=True)

    run_setup(PASSWORD, email="chair@uni.example", name="Carl", chair=True, password_stdin=True)

    membership = Membership.objects.get(body__kind=BodyKind.SCIENTIFIC_COMMITTEE)
    assert (membership.role, membership.person.name) == (Role.CHAIR, "Carl")


def test_chair_is_refused_without_network_or_for_coordinator(run_setup):
    with pytest.raises(CommandError, match="no network yet"):
        run_setup(PASSWORD, email="c@uni.example", name="Carl", chair=True, password_stdin=True)
    run_setup(PASSWORD, **GIVEN, password_stdin=True)

    with pytest.raises(CommandError, match="cannot join the scientific committee"):
        run_setup(PASSWORD, email=GIVEN["email"], name="Anna", chair=True, password_stdin=True)


def test_existing_account_becomes_coordinator():
    user = UserFactory(email="anna@town.example")
    Person.objects.create(name="Anna", email="Anna@town.example")

    setup.create_network_with_coordinator(network="Pact", email="ANNA@town.example", name="Anna", password=None)

    assert Person.objects.get().user == user


def test_seed_names_are_translated_and_changed_names_are_not(monkeypatch):
    setup.create_network(name="Pact")
    Theme.objects.filter(code="health").update(name="Our own health")
    monkeypatch.setattr(seed_translations, "gettext", lambda name: f"sv: {name}")

    assert str(Theme.objects.get(code="housing")) == "sv: Housing and neighbourhoods"
    assert str(Theme.objects.get(code="health")) == "Our own health"
    assert str(TargetGroup.objects.get(code="women")) == "sv: Women"
    assert str(Body.objects.get(kind=BodyKind.SCIENTIFIC_COMMITTEE)) == "sv: Scientific committee"
    assert str(TargetGroup(name="Neighbours")) == "Neighbours"


def test_body_name_is_shown_in_swedish(client):
    setup.create_network(name="Pact")

    page = client.get("/cities/", headers={"accept-language": "sv"}).content.decode()

    assert ">Vetenskaplig kommitté</a>" in page


def test_name_that_an_older_version_stored_is_shown_in_its_new_words():
    stored = TargetGroup(name="Migrants who have lived here for long")

    assert str(stored) == "Migrants who have lived here for a long time"
