import pytest
from django.urls import reverse

from cities import panels, selectors
from cities.enums import BodyKind, Role, Seat
from cities.models import City
from cities.services.profiles import save_profile
from core.exceptions import EditConflict, PermissionRefused
from tests.factories import BodyFactory, CityFactory, EventFactory, MembershipFactory, PersonFactory, member


@pytest.fixture
def group(city):
    return BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city, name="Expert group of Linköping")


@pytest.fixture
def chair(group):
    return MembershipFactory(body=group, role=Role.CHAIR, person=PersonFactory(name="Chair Public"))


@pytest.fixture
def expert(group, chair):
    return MembershipFactory(
        body=group, role=Role.MEMBER, seat=Seat.SELECTED_EXPERT, person=PersonFactory(name="Member Unnamed")
    )


def profile(city, **change):
    fields = ["profile", "profile_source", "population", "population_year", "population_source", "language", "timezone"]
    given = {name: getattr(city, name) or "" for name in fields}
    return given | {"other_languages": "en, fi", "version": city.version} | change


def test_city_list_is_sorted_with_country_and_language_names(client, city, other_city):
    page = client.get(reverse("cities:city_list"))

    assert [row.name for row in page.context["object_list"]] == ["Linköping", "Lublin"]
    assert "Poland" in page.content.decode()
    assert "Swedish" in page.content.decode()


@pytest.mark.django_db
def test_city_list_without_cities_says_so(client):
    assert "No cities yet" in client.get(reverse("cities:city_list")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 5])
def test_city_list_costs_the_same_for_one_or_five(client, count, django_assert_max_num_queries):
    CityFactory.create_batch(count)

    with django_assert_max_num_queries(8) as queries:
        client.get(reverse("cities:city_list"))

    COSTS["list"].add(len(queries))
    assert len(COSTS["list"]) == 1


@pytest.mark.parametrize("count", [1, 5])
def test_city_page_costs_the_same_for_one_or_five(client, city, group, count, django_assert_max_num_queries):
    for _ in range(count):
        MembershipFactory(body=group, role=Role.CHAIR)
        EventFactory(city=city, published_at="2026-05-01T10:00Z")

    with django_assert_max_num_queries(20) as queries:
        client.get(reverse("cities:city_detail", args=[city.slug]))

    COSTS["detail"].add(len(queries))
    assert len(COSTS["detail"]) == 1


@pytest.mark.parametrize("count", [1, 5])
def test_body_page_costs_the_same_for_one_or_five(client, everyone, group, count, django_assert_max_num_queries):
    for _ in range(count):
        MembershipFactory(body=group, role=Role.MEMBER)
    client.force_login(everyone["lead"])
    client.get(reverse("cities:body_detail", args=[group.pk]))  # what is kept in the process

    with django_assert_max_num_queries(20) as queries:
        client.get(reverse("cities:body_detail", args=[group.pk]))

    COSTS["body"].add(len(queries))
    assert len(COSTS["body"]) == 1


COSTS: dict[str, set[int]] = {"list": set(), "detail": set(), "body": set()}


# ---- names of members


@pytest.mark.parametrize(
    "role,are_named",
    [
        ("public", False),
        ("other_official", False),
        ("former", False),
        ("superuser", False),
        ("data_protection", False),
        ("viewer", True),
        ("local_committee", True),
        ("partner", True),
        ("scientific", True),
        ("coordinator", True),
    ],
)
def test_members_are_named_to_city_and_network_and_chair_to_all(client, everyone, group, expert, role, are_named):
    if role != "public":
        client.force_login(everyone[role])

    body = client.get(reverse("cities:body_detail", args=[group.pk])).content.decode()
    city = client.get(reverse("cities:city_detail", args=[group.city.slug])).content.decode()

    assert "Chair Public" in body
    assert "Chair Public" in city
    assert ("Member Unnamed" in body) == are_named
    assert "Member Unnamed" not in city


def test_former_member_is_not_named(client, everyone, group, expert):
    expert.valid_to = expert.valid_from
    expert.save()
    client.force_login(everyone["lead"])

    assert "Member Unnamed" not in client.get(reverse("cities:body_detail", args=[group.pk])).content.decode()


@pytest.mark.django_db
def test_network_body_has_page(client):
    committee = BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE)

    page = client.get(reverse("cities:body_detail", args=[committee.pk]))

    assert page.status_code == 200
    assert list(selectors.network_bodies()) == [committee]


# ---- panels


def test_registered_panels_are_shown_once_in_order(client, city, monkeypatch):
    monkeypatch.setattr(panels, "_panel_makers", [])

    def second(city, user):
        return panels.Panel("_parts/empty.html", {"title": f"Second of {city}"})

    def first(city, user):
        return panels.Panel("_parts/empty.html", {"title": "First"})

    def nothing(city, user):
        return None

    for maker, order in ((second, 60), (nothing, 1), (first, 10), (second, 5)):
        panels.register_panel(maker, order)

    page = client.get(reverse("cities:city_detail", args=[city.slug]))

    text = page.content.decode()
    assert text.index("First") < text.index("Second of Linköping")


# ---- editing


@pytest.mark.parametrize("role,code", [("lead", 200), ("coordinator", 200), ("official", 403), ("superuser", 403)])
def test_profile_is_edited_by_leads_and_coordinators(client, everyone, city, role, code):
    client.force_login(everyone[role])

    assert client.get(reverse("cities:city_edit", args=[city.slug])).status_code == code


def test_city_edit_redirects_anonymous_visitor_to_sign_in(client, city):
    response = client.get(reverse("cities:city_edit", args=[city.slug]))

    assert response["Location"].startswith(reverse("account_login"))


def test_profile_is_saved_with_history(client, everyone, city):
    client.force_login(everyone["lead"])

    client.post(reverse("cities:city_edit", args=[city.slug]), profile(city, profile="A city on a river."))

    city.refresh_from_db()
    assert (city.profile, city.other_languages, city.version) == ("A city on a river.", ["en", "fi"], 2)
    assert city.history.first().history_user == everyone["lead"]


def test_edit_conflict_shows_both_versions_and_keeps_input(client, everyone, city):
    client.force_login(everyone["lead"])
    old = profile(city, profile="Mine")
    save_profile(city, by=everyone["coordinator"], version=1, fields={"profile": "Theirs"})

    page = client.post(reverse("cities:city_edit", args=[city.slug]), old)

    assert "Mine" in page.content.decode()
    assert "Theirs" in page.content.decode()
    city.refresh_from_db()
    assert city.profile == "Theirs"
    client.post(reverse("cities:city_edit", args=[city.slug]), old | {"version": 2})
    city.refresh_from_db()
    assert city.profile == "Mine"


@pytest.mark.parametrize("field,value", [("other_languages", "Swedish, 7"), ("language", "?"), ("timezone", "Mars")])
def test_profile_refuses_invalid_language_or_time_zone(client, everyone, city, field, value):
    client.force_login(everyone["lead"])

    page = client.post(reverse("cities:city_edit", args=[city.slug]), profile(city, **{field: value}))

    assert field in page.context["form"].errors
    assert City.objects.get(pk=city.pk).version == 1


def test_body_is_edited_on_its_page(client, everyone, group):
    client.force_login(everyone["lead"])
    url = reverse("cities:body_edit", args=[group.pk])
    given = {"name": "Experts", "mandate": "To advise.", "established_on": "", "terms_of_reference": "", "version": 1}

    assert client.get(url).status_code == 200
    client.post(url, given)

    group.refresh_from_db()
    assert (group.name, group.mandate) == ("Experts", "To advise.")


def test_save_profile_checks_permission_and_version(everyone, city):
    with pytest.raises(PermissionRefused):
        save_profile(city, by=everyone["official"], version=1, fields={"profile": "x"})
    with pytest.raises(EditConflict) as error:
        save_profile(city, by=everyone["lead"], version=7, fields={"profile": "x"})
    assert error.value.current == city


def test_city_edit_shows_error_of_service(client, everyone, city, monkeypatch):
    from cities.views import pages

    def refuse(*args, **kwargs):
        raise PermissionRefused

    monkeypatch.setattr(pages, "save_profile", refuse)
    client.force_login(everyone["lead"])

    page = client.post(reverse("cities:city_edit", args=[city.slug]), profile(city))

    assert "Your role does not allow this" in page.content.decode()


def test_lead_of_other_city_cannot_edit(client, city, other_city):
    client.force_login(member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, other_city))

    assert client.get(reverse("cities:city_edit", args=[city.slug])).status_code == 403
