"""Journey: a lead official creates the first strategy of a new city."""

from playwright.sync_api import expect

from .live_site import PASSWORD

CREATE_CITY = f"""
from cities.models import Body, City, Organisation, Person
from cities.services.memberships import add_member
from accounts.models import User
municipality = Organisation.objects.create(name="Municipality of Newtown", kind="municipality", country="SE")
city = City.objects.create(name="Newtown", slug="newtown", municipality=municipality, country="SE", latitude="58.1",
                           longitude="15.1", currency="SEK", language="en", timezone="Europe/Stockholm")
office = Body.objects.create(kind="city_office", city=city, name="City office", established_on=city.today)
account = User.objects.create_user("lead.newtown@demo.example", {PASSWORD!r}, first_name="New", last_name="Lead")
person = Person.objects.create(name="New Lead", email=account.email, organisation=municipality, user=account)
add_member(person=person, body=office, role="lead_official", by=None)
"""


def test_lead_creates_strategy_of_new_city(visit, site, axe):
    site.shell(CREATE_CITY)
    page = visit("lead.newtown", "/cities/newtown/")
    expect(page.locator("main")).to_contain_text("No strategy yet")
    assert axe(page) == []

    page.get_by_role("link", name="Create strategy").click()
    assert axe(page) == []
    page.get_by_label("Title").fill("Arriving in Newtown")
    for label, value in (("Start year", "2027"), ("End year", "2029")):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("h1")).to_contain_text("Arriving in Newtown")
    assert axe(page) == []
