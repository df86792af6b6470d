import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.urls import NoReverseMatch, reverse

from accounts.services import queue_mail
from cities.enums import BodyKind, Role
from cities.models import Body, City, Installation, Organisation, Person, Theme
from core.admin import HISTORY_SHOWN, history_of, version_of
from tests.factories import (
    MembershipFactory,
    OrganisationFactory,
    PersonFactory,
    StoredFileFactory,
    ThemeFactory,
    UserFactory,
)

MODELS = ["installation", "organisation", "theme", "targetgroup", "city", "person", "body", "membership", "invitation"]


def list_urls():
    return [f"/admin/cities/{name}/" for name in [*MODELS, "event"]] + ["/admin/accounts/mail/"]


@pytest.mark.parametrize(
    "role",
    ["viewer", "expert", "official", "lead", "partner", "data_protection", "superuser", "former"],
)
def test_admin_is_404_for_users_without_admin_role(client, everyone, role):
    client.force_login(everyone[role])

    for url in ["/admin/", "/admin/login/", "/admin/nowhere/", "/admin/jsi18n/", "/admin/auth/group/", *list_urls()]:
        assert client.get(url).status_code == 404, url


@pytest.mark.django_db
def test_admin_redirects_anonymous_visitor_to_site_login(client):
    for url in ("/admin/", "/admin/login/?next=/admin/cities/city/", "/admin/nowhere/"):
        response = client.get(url)

        assert response.status_code == 302
        assert response["Location"].startswith("/account/login/?next=%2Fadmin%2F")


@pytest.mark.django_db
def test_admin_login_and_password_pages_redirect_to_site(client, everyone):
    client.force_login(everyone["coordinator"])

    assert client.get("/admin/login/")["Location"] == "/admin/"
    assert client.get("/admin/logout/")["Location"] == "/account/logout/"
    assert client.get("/admin/password_change/")["Location"] == "/account/password/change/"
    assert client.get("/admin/password_change/done/")["Location"] == "/account/password/change/"
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=[1, 1])


@pytest.mark.slow
@pytest.mark.django_db
def test_coordinator_opens_every_list_and_form(client, everyone):
    client.force_login(everyone["coordinator"])
    Installation.objects.create(pk=1, network_name="Pact")

    for url in ["/admin/", "/admin/cities/"]:
        assert '<a href="/admin/cities/city/"' in client.get(url).content.decode(), url
    for url in list_urls():
        assert client.get(url).context["cl"].model in apps.get_models(), url
    for name in ("organisation", "theme", "targetgroup", "city", "person", "body"):
        assert not client.get(f"/admin/cities/{name}/add/").context["adminform"].form.is_bound, name


@pytest.mark.django_db
def test_committee_gets_404_for_reference_data(client, everyone):
    client.force_login(everyone["scientific"])

    assert client.get("/admin/").status_code == 200
    for url in [*list_urls(), "/admin/cities/theme/add/", "/admin/cities/theme/1/change/"]:
        assert client.get(url).status_code == 404, url


def test_only_our_models_are_registered():
    apps = {model._meta.app_label for model in admin.site._registry}

    assert apps <= {"core", "accounts", "cities", "strategies", "pilot", "evaluation", "reports", "training"}
    assert Group not in admin.site._registry


# ---- editing


@pytest.mark.django_db
def test_row_changed_meanwhile_is_not_overwritten(client, everyone):
    client.force_login(everyone["coordinator"])
    theme = ThemeFactory(code="housing", name="Housing")
    given, url = {"name": "Homes", "version": version_of(theme)}, f"/admin/cities/theme/{theme.pk}/change/"
    type(theme).objects.filter(pk=theme.pk).update(name="Living")

    page = client.post(url, given).content.decode()

    assert "Saved by someone else: Name: Living" in page.replace("name: Living", "Name: Living")
    theme.refresh_from_db()
    assert theme.name == "Living"
    client.post(url, given | {"version": version_of(theme)})
    theme.refresh_from_db()
    assert theme.name == "Homes"


@pytest.mark.django_db
def test_coordinator_adds_an_organisation(client, everyone):
    client.force_login(everyone["coordinator"])
    given = {
        "name": "Red Cross",
        "kind": "civil_society",
        "country": "SE",
        "location": "",
        "website": "redcross.example",
    }

    client.post("/admin/cities/organisation/add/", given)

    assert Organisation.objects.get(name="Red Cross").website == "https://redcross.example"
    assert LogEntry.objects.get().user == everyone["coordinator"]


@pytest.mark.django_db
def test_admin_deletes_nothing(client, everyone):
    client.force_login(everyone["coordinator"])
    theme = ThemeFactory()

    assert client.post(f"/admin/cities/theme/{theme.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [theme.pk], "post": "yes"}
    client.post("/admin/cities/theme/", chosen)

    assert Theme.objects.filter(pk=theme.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", MODELS)
def test_missing_object_is_404(client, everyone, name):
    client.force_login(everyone["coordinator"])

    assert client.get(f"/admin/cities/{name}/4711/change/").status_code == 404
    assert client.get(f"/admin/cities/{name}/4711/history/").status_code == 404


@pytest.mark.django_db
def test_code_of_theme_is_not_editable(client, everyone):
    client.force_login(everyone["coordinator"])
    theme = ThemeFactory(code="housing", name="Housing")

    client.post(
        f"/admin/cities/theme/{theme.pk}/change/", {"name": "Homes", "code": "homes", "version": version_of(theme)}
    )

    theme.refresh_from_db()
    assert (theme.code, theme.name) == ("housing", "Homes")


@pytest.mark.django_db
def test_second_installation_is_refused(client, everyone):
    client.force_login(everyone["coordinator"])
    assert client.get("/admin/cities/installation/add/").status_code == 200
    Installation.objects.create(pk=1, network_name="Pact", is_demo=True)

    assert client.get("/admin/cities/installation/add/").status_code == 403
    assert "is_demo" not in client.get("/admin/cities/installation/1/change/").context["adminform"].form.fields


@pytest.mark.django_db
def test_person_is_edited_without_changing_account(client, everyone):
    client.force_login(everyone["coordinator"])
    person, organisation = everyone["official"].person, OrganisationFactory()
    account = everyone["official"].email
    given = {
        "name": "New Name",
        "organisation": organisation.pk,
        "email": "x@y.example",
        "user": everyone["coordinator"].pk,
        "version": version_of(person),
    }

    client.post(f"/admin/cities/person/{person.pk}/change/", given)

    person = Person.objects.get(pk=person.pk)
    assert (person.name, person.organisation, person.email) == ("New Name", organisation, account)
    assert person.user == everyone["official"]


@pytest.mark.django_db
def test_person_without_account_is_added_with_email(client, everyone):
    client.force_login(everyone["coordinator"])

    client.post("/admin/cities/person/add/", {"name": "Guest", "email": "guest@town.example", "organisation": ""})

    assert Person.objects.get(name="Guest").email == "guest@town.example"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["membership", "invitation", "event"])
def test_memberships_invitations_and_events_cannot_be_added(client, everyone, name):
    client.force_login(everyone["coordinator"])

    assert client.get(f"/admin/cities/{name}/add/").status_code == 403


@pytest.mark.django_db
def test_membership_is_read_only(client, everyone):
    client.force_login(everyone["coordinator"])
    row = everyone["lead"].person.memberships.get()

    page = client.get(f"/admin/cities/membership/{row.pk}/change/")
    response = client.post(f"/admin/cities/membership/{row.pk}/change/", {"role": "coordinator"})

    assert reverse("cities:member_list") in page.content.decode()
    assert response.status_code == 403


# ---- bodies and cities: versions and history


def body_fields(body, **change):
    given = {"name": body.name, "mandate": "", "established_on": "", "terms_of_reference": "", "version": body.version}
    return given | change


@pytest.mark.django_db
def test_body_keeps_its_kind_after_edit(client, everyone, city):
    client.force_login(everyone["coordinator"])
    Body.objects.filter(kind=BodyKind.LOCAL_COMMITTEE).first().memberships.all()
    other = City.objects.exclude(pk=city.pk).get()
    given = {"kind": "local_committee", "city": other.pk, "name": "Committee", "established_on": "2026-01-31"}

    client.post("/admin/cities/body/add/", given)
    body = Body.objects.get(name="Committee")
    client.post(f"/admin/cities/body/{body.pk}/change/", body_fields(body, mandate="New", kind="expert_group"))

    body.refresh_from_db()
    assert (body.kind, body.city, body.mandate, body.version) == ("local_committee", other, "New", 2)


@pytest.mark.django_db
def test_edit_conflict_is_shown_in_admin(client, everyone, city):
    client.force_login(everyone["coordinator"])
    body = Body.objects.get(kind=BodyKind.CITY_OFFICE, city=city)
    url = f"/admin/cities/body/{body.pk}/change/"
    assert 'name="version"' in client.get(url).content.decode()
    client.post(url, body_fields(body, mandate="Theirs"))

    page = client.post(url, body_fields(body, mandate="Mine"))

    assert "Someone else has changed this" in page.content.decode()
    assert "Mine" in page.content.decode()
    assert Body.objects.get(pk=body.pk).mandate == "Theirs"
    client.post(url, body_fields(body, mandate="Mine", version=2))
    assert Body.objects.get(pk=body.pk).mandate == "Mine"


@pytest.mark.django_db
def test_history_shows_user_and_changes(client, everyone, city):
    client.force_login(everyone["coordinator"])
    body = Body.objects.get(kind=BodyKind.CITY_OFFICE, city=city)
    client.post(f"/admin/cities/body/{body.pk}/change/", body_fields(body, mandate="To run the office."))

    page = client.get(f"/admin/cities/body/{body.pk}/history/").content.decode()

    assert "To run the office." in page
    assert str(everyone["coordinator"]) in page
    newest = history_of(Body.objects.get(pk=body.pk))[0]
    assert newest.changes == [("mandate", "", "To run the office.")]


@pytest.mark.django_db
def test_history_without_changes_says_so(client, everyone):
    client.force_login(everyone["coordinator"])
    theme = ThemeFactory()

    page = client.get(f"/admin/cities/theme/{theme.pk}/history/")

    assert "No changes have been recorded" in page.content.decode()
    assert history_of(theme) == []
    assert HISTORY_SHOWN == 100


@pytest.mark.django_db
def test_city_is_added_and_edited(client, everyone):
    client.force_login(everyone["coordinator"])
    organisation = OrganisationFactory()
    given = {
        "name": "Riga",
        "slug": "riga",
        "municipality": organisation.pk,
        "country": "LV",
        "latitude": "56.95",
        "longitude": "24.11",
        "language": "lv",
        "other_languages": "ru, en",
        "currency": "EUR",
        "timezone": "Europe/Riga",
    }

    client.post("/admin/cities/city/add/", given)
    city = City.objects.get(slug="riga")
    page = client.get(f"/admin/cities/city/{city.pk}/change/").content.decode()
    client.post(f"/admin/cities/city/{city.pk}/change/", given | {"population": "605273", "version": 1})

    city.refresh_from_db()
    assert city.other_languages == ["ru", "en"]
    assert "ru, en" in page
    assert (city.population, city.version) == (605273, 2)


# ---- query counts


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("name", ["membership", "person", "body"])
def test_list_costs_the_same_for_one_row_or_five(client, everyone, name, count, django_assert_max_num_queries):
    for _ in range(count):
        MembershipFactory(role=Role.VIEWER, person__organisation=OrganisationFactory())
    client.force_login(everyone["coordinator"])

    with django_assert_max_num_queries(15) as queries:
        client.get(f"/admin/cities/{name}/")

    COSTS.setdefault(name, set()).add(len(queries))
    assert len(COSTS[name]) == 1


COSTS: dict[str, set[int]] = {}


@pytest.mark.django_db
def test_search_finds_matching_person_only(client, everyone):
    client.force_login(everyone["coordinator"])
    StoredFileFactory(uploaded_by=UserFactory())

    page = client.get("/admin/cities/person/", {"q": everyone["lead"].person.name})

    assert everyone["lead"].person in page.context["cl"].queryset
    assert everyone["viewer"].person not in page.context["cl"].queryset


@pytest.mark.django_db
def test_lookups_on_secret_fields_are_refused(client, everyone):
    client.force_login(everyone["coordinator"])
    queue_mail(to="a@town.example", subject="Invitation", body="https://epi.example/abc", has_secret=True)

    for lookup in ("body__contains=abc", "body__startswith=https", "claim_token__isnull=1"):
        assert client.get(f"/admin/accounts/mail/?{lookup}").status_code == 400, lookup
    assert client.get("/admin/cities/invitation/?token_hash__startswith=a").status_code == 400
    assert client.get("/admin/accounts/mail/?state__exact=queued").context["cl"].result_count == 1


@pytest.mark.django_db
def test_coordinator_cannot_edit_own_person(client, everyone):
    client.force_login(everyone["coordinator"])
    person = everyone["coordinator"].person

    response = client.post(f"/admin/cities/person/{person.pk}/change/", {"name": "x", "organisation": ""})

    assert response.status_code == 403
    person.refresh_from_db()
    assert person.name != "x"


@pytest.mark.django_db
def test_email_of_committee_member_without_account_is_not_editable(client, everyone):
    client.force_login(everyone["coordinator"])
    person = PersonFactory(user=None, email="seat@uni.example")
    MembershipFactory(person=person, body=Body.objects.get(kind=BodyKind.SCIENTIFIC_COMMITTEE), role=Role.MEMBER)

    given = {"name": "New", "email": "mine@town.example", "version": version_of(person)}
    client.post(f"/admin/cities/person/{person.pk}/change/", given)

    person.refresh_from_db()
    assert (person.name, person.email) == ("New", "seat@uni.example")


# ---- language menu and breadcrumbs


@pytest.mark.parametrize(
    "path, breadcrumbs",
    [
        ("/admin/cities/theme/", ["Administration", "Cities and people", "Themes"]),
        ("/admin/cities/theme/add/", ["Administration", "Cities and people", "Themes", "Add theme"]),
        ("/admin/cities/theme/{pk}/change/", ["Administration", "Cities and people", "Themes", "Housing"]),
        (
            "/admin/cities/theme/{pk}/history/",
            ["Administration", "Cities and people", "Themes", "Housing", "History of Housing"],
        ),
        ("/admin/cities/", ["Administration", "Cities and people administration"]),
    ],
)
def test_admin_page_has_breadcrumbs(client, everyone, path, breadcrumbs):
    theme = Theme.objects.create(code="housing", name="Housing")
    client.force_login(everyone["coordinator"])

    page = client.get(path.format(pk=theme.pk)).content.decode()

    nav = re.search(r'<nav class="epi-crumbs".*?</nav>', page, re.DOTALL)[0]
    assert [re.sub(r"<.*?>", "", part).strip() for part in re.findall(r"<li>(.*?)</li>", nav)] == breadcrumbs
    assert nav.count('aria-current="page"') == 1


def test_admin_language_menu_returns_to_page(client, everyone):
    client.force_login(everyone["coordinator"])
    page = client.get("/admin/cities/theme/").content.decode()

    response = client.post("/i18n/setlang/", {"language": "sv", "next": "/admin/cities/theme/"}, follow=True)

    assert '<input type="hidden" name="next" value="/admin/cities/theme/">' in page
    assert "Administration" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("is_member, is_superuser", [(True, False), (True, True), (False, False)])
def test_coordinator_from_municipality_cannot_change_municipality(client, everyone, city, is_member, is_superuser):
    """Otherwise she could accept what her own organisation submits, and then change it back."""
    user, municipality, other = everyone["coordinator"], city.municipality, OrganisationFactory()
    user.person.organisation = municipality if is_member else other
    user.person.save()
    user.is_superuser = is_superuser
    user.save()
    client.force_login(user)
    url = f"/admin/cities/city/{city.pk}/change/"
    form = client.get(url).context["adminform"].form
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {name: value for name, value in data.items() if value is not None}

    response = client.post(url, data | {"municipality": other.pk, "profile": "By the water."})

    city.refresh_from_db()
    assert response.status_code == 302
    assert city.profile == "By the water."
    assert (city.municipality == municipality) == is_member
