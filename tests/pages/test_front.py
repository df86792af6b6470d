import re

import pytest

from cities.models import Installation
from dashboards import changes
from epi_site.pages.selectors import front_page
from tests.factories import CityFactory, RaterAssignmentFactory, UserFactory
from tests.factories.people import PASSWORD


def test_front_page_shows_anonymous_visitor_network_and_cities(city, other_city, client):
    text = client.get("/").content.decode()

    assert "European Pact for Integration" in text
    assert all(name in text for name in ("Linköping", "Lublin", "Sweden", "Poland"))
    assert text.count('class="epi-map-place"') == 2
    assert text.count("<h1") == 1


def test_front_page_without_cities_says_so(db, client):
    text = client.get("/").content.decode()

    assert "No cities yet" in text


@pytest.mark.parametrize(
    "role, url",
    [
        ("viewer", "/my-work/"),
        ("official", "/my-work/"),
        ("expert", "/my-work/"),
        ("partner", "/dashboards/"),
        ("trainer", "/dashboards/"),
        ("coordinator", "/dashboards/"),
        ("scientific", "/admin/evaluation/evaluation/"),
    ],
)
def test_front_page_redirects_users_with_active_role(everyone, client, role, url):
    client.force_login(everyone[role])

    response = client.get("/")

    assert (response.status_code, response.url) == (302, url)


@pytest.mark.parametrize("role", ["former", "superuser"])
def test_front_page_is_shown_to_users_without_active_role(everyone, client, role):
    client.force_login(everyone[role])

    assert "pages/home.html" in [template.name for template in client.get("/").templates]


def test_front_page_redirects_rater_to_my_work(db, client):
    assignment = RaterAssignmentFactory()
    client.force_login(assignment.person.user)

    assert client.get("/").url == "/my-work/"


def test_front_page_counts_are_zero_without_published_rows(db):
    front = front_page()

    assert (front.strategies, front.actions, front.evaluated, front.report_count) == (0, 0, 0, 0)


def test_front_page_costs_the_same_for_one_city_or_five(db, client, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(changes, "version", lambda city_id=None: None)  # nothing is kept
    CityFactory()
    with django_assert_max_num_queries(8) as few:
        client.get("/")
    CityFactory.create_batch(4)

    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get("/")


# ---- navigation and other pages


def labels(client, path="/about/"):
    return [item.label for item in client.get(path).context["site"].nav]


def test_navigation_depends_on_role(everyone, client):
    seen = {}
    for role in ("public", "official", "partner", "scientific", "coordinator", "former"):
        client.logout()
        if role != "public":
            client.force_login(everyone[role])
        seen[role] = labels(client)

    assert seen == {
        "public": ["Cities", "Training"],
        "official": ["My work", "Cities", "Strategy", "Evaluation", "Dashboards", "Reports", "Training"],
        "partner": ["Cities", "Periods", "Evaluation", "Dashboards", "Reports", "Training"],
        "scientific": ["Cities", "Periods", "Evaluation", "Dashboards", "Reports", "Training", "Administration"],
        "coordinator": [
            "My work",
            "Cities",
            "Periods",
            "Evaluation",
            "Dashboards",
            "Reports",
            "Training",
            "Administration",
        ],
        "former": ["Cities", "Dashboards", "Training"],
    }


def test_navigation_marks_one_current_item(everyone, client):
    client.force_login(everyone["partner"])

    nav = client.get("/dashboards/dimensions/").context["site"].nav

    assert [item.label for item in nav if item.current] == ["Dashboards"]


def test_demo_notice_is_on_every_page(db, client):
    Installation.objects.create(pk=1, network_name="Network", is_demo=True, contact_email="desk@network.example")

    for path in ("/", "/about/", "/privacy/", "/accessibility/", "/training/"):
        text = client.get(path).content.decode()

        assert "is invented" in text
        assert "desk@network.example" in text


@pytest.mark.parametrize(
    "path, field",
    [("/about/", "about"), ("/privacy/", "privacy_notice"), ("/accessibility/", "accessibility_statement")],
)
def test_statements_come_from_the_installation(db, client, path, field):
    without = client.get(path).content.decode()
    Installation.objects.create(pk=1, network_name="Network", **{field: "Our own words <b>."})

    text = client.get(path).content.decode()

    assert "Our own words &lt;b&gt;." in text
    assert "Our own words" not in without
    assert "network" in without


def test_robots_txt_disallows_dashboards(client):
    text = client.get("/robots.txt").content.decode()

    assert "Disallow: /dashboards/" in text


def test_favicon_redirects_to_svg(client):
    assert client.get("/favicon.ico").url.endswith(".svg")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "is_signed_in, url, label", [(True, "/my-work/", "Go to My work"), (False, "/", "Go to the home page")]
)
def test_404_page_has_link_that_fits_user(client, is_signed_in, url, label):
    if is_signed_in:
        client.force_login(UserFactory())

    page = client.get("/nothing-of-the-kind/", follow=True).content.decode()

    assert f'<a class="epi-btn" href="{url}">{label}' in page


@pytest.mark.django_db
def test_privacy_page_lists_all_cookies_and_storage_keys(client, settings):
    client.post("/i18n/setlang/", {"language": "en"})
    page = client.get("/privacy/").content.decode()
    person = UserFactory()
    set_before = set(client.cookies)
    client.post("/account/login/", {"login": person.email, "password": PASSWORD})

    scripts = "".join(file.read_text("utf-8") for file in (settings.BASE_DIR / "static" / "js").glob("*.js"))
    stored = set(re.findall(r"""(?:local|session)Storage\.setItem\(["']([^"']+)""", scripts))
    named = re.findall(r'<th scope="row"><code>(.*?)</code>', page)
    assert set(named) == set_before | set(client.cookies) | stored
    assert len(named) == 5
    assert "document.cookie" not in scripts


@pytest.mark.django_db
def test_privacy_page_shows_cookie_lifetimes(client, settings):
    settings.SESSION_COOKIE_AGE = 2 * 3600

    page = client.get("/privacy/").content.decode()

    assert "at most 2 hours" in page
    assert "364 days" in page


@pytest.mark.django_db
def test_privacy_page_says_how_long_emails_and_drafts_are_kept(client, settings):
    settings.MAIL_KEEP_DAYS = 90

    page = client.get("/privacy/").content.decode()

    assert "time and whether they were sent, for 90 days." in page
    assert "name and email address, for 90 days after they expired." in page
    assert "for 365 days after the last change." in page
