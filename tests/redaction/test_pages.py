"""The pages of the data protection contact, attacked by others, and what readers see after a redaction."""

from datetime import timedelta

import pytest
from django.urls import reverse

from core import clock, redaction
from core.models import RecordOpening, RedactionRecord
from core.redaction import MARK, NotRedactable
from reports.models import Report
from reports.tasks import build_report
from strategies.models import ActionUpdate, Evidence
from tests.factories import EventFactory, StoredFileFactory
from tests.reports.accepted_city import accepted_city, issue_city

pytestmark = pytest.mark.django_db
WORDS = "The first group has begun."
REASON = "A participant is named in the text."
LIST = "/redaction/"


@pytest.fixture
def place(city, own_storage):
    return accepted_city(city)


@pytest.fixture
def update(place):
    return ActionUpdate.objects.get(text=WORDS)


@pytest.fixture
def signed_in(client, data_protection):
    client.force_login(data_protection)
    return client


def opened(client, update):
    address = f"https://network.example{update.action.get_absolute_url()}#update-{update.pk}"
    response = client.post(LIST, {"address": address, "reason": "A letter of 3 May."})
    assert response.status_code == 302
    return response.url


def test_from_an_address_to_a_redaction(place, update, signed_in, data_protection):
    issue_city(place)
    url = opened(signed_in, update)
    opening = RecordOpening.objects.get()
    assert (opening.by, opening.reason, opening.row_id) == (data_protection, "A letter of 3 May.", update.pk)
    page = signed_in.get(url).content.decode()
    assert WORDS in page
    assert "revision 1 is redacted and replaced by revision 2" in page
    assert f"Report {Report.objects.get().number} is withdrawn" in page
    given = {"names": ["text"], "reason": REASON, "is_understood": "on"}
    response = signed_in.post(url, given, follow=True)
    assert "Redacted. Any report that contained it has been withdrawn." in response.content.decode()
    assert WORDS not in response.content.decode()
    assert RedactionRecord.objects.get().by == data_protection
    assert REASON in signed_in.get(LIST).content.decode()
    # once more, from a page that was opened before
    assert "nothing left to redact" in signed_in.post(url, given).content.decode()
    assert RedactionRecord.objects.count() == 1


@pytest.mark.parametrize("missing", ["names", "reason", "is_understood"])
def test_incomplete_form_redacts_nothing(update, signed_in, missing):
    url = opened(signed_in, update)
    given = {"names": ["text"], "reason": REASON, "is_understood": "on"}
    del given[missing]
    assert signed_in.post(url, given).status_code == 200
    assert not RedactionRecord.objects.exists()


def test_others_are_refused(update, everyone, client, data_protection):
    opening = redaction.open_record(
        reverse("strategies:update_edit", args=[update.pk]), by=data_protection, reason="A letter."
    )
    page = reverse("redaction_record", args=[opening.uuid])
    given = {"names": ["text"], "reason": REASON, "is_understood": "on"}
    for role, user in everyone.items():
        if role == "data_protection":
            continue
        client.logout()
        if user.is_authenticated:
            client.force_login(user)
        expected = 404 if user.is_authenticated else 302
        for url in (LIST, page):
            assert client.get(url).status_code == expected, (role, url)
            assert client.post(url, given).status_code == expected, (role, url)
    assert not RedactionRecord.objects.exists()


def test_another_data_protection_contact_opens_it_anew(update, everyone, client, data_protection):
    opening = redaction.open_record(
        reverse("strategies:update_edit", args=[update.pk]), by=data_protection, reason="A letter."
    )
    client.force_login(everyone["data_protection"])
    assert client.get(reverse("redaction_record", args=[opening.uuid])).status_code == 404


def test_opening_lasts_a_day(update, signed_in):
    url = opened(signed_in, update)
    assert signed_in.get(url).status_code == 200
    with clock.at(clock.now() + timedelta(hours=25)):
        opening = RecordOpening.objects.get()
        assert not RecordOpening.objects.visible_to(opening.by).exists()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nothing",
        "/redaction/",
        "/my-work/",
        "http://[",
        "/actions/{action}/",
        "/actions/{action}/#update-x",
        "/actions/{action}/#update-99999",
        "/updates/99999/edit/",
        "/events/99999/",
        "/evaluations/1/",
        "/files/11111111-1111-4111-8111-111111111111/",
    ],
)
def test_other_addresses_open_nothing(update, data_protection, address):
    with pytest.raises(NotRedactable):
        redaction.find_row(address.format(action=update.action_id))


def test_address_of_a_file_leads_to_what_it_is_attached_to(update, place):
    stored, other = StoredFileFactory(state="used"), StoredFileFactory(state="used")
    event = EventFactory(city=place.city, minutes_file=other)
    assert redaction.find_row(reverse("cities:file", args=[other.uuid])) == event
    assert redaction.find_row(reverse("cities:event_edit", args=[event.pk])) == event
    evidence = Evidence.objects.filter(file=stored)
    assert not evidence.exists()


def test_address_without_a_reason_opens_nothing(update, signed_in):
    address = reverse("strategies:update_edit", args=[update.pk])
    page = signed_in.post(LIST, {"address": address, "reason": " "}).content.decode()
    assert "Give a reason" in page
    page = signed_in.post(LIST, {"address": "/my-work/", "reason": "A letter."}).content.decode()
    assert "no record that can be redacted" in page
    assert not RecordOpening.objects.exists()


# ---- what readers see


def test_old_hashes_say_redacted(place, update, data_protection, client):
    report = issue_city(place)
    build_report(report.pk)
    file = report.files.first()
    hashes = [place.revision.sha256, report.sha256, file.sha256]
    for sha256 in hashes:
        assert "Redacted on" not in client.get(f"/verify/?hash={sha256}").content.decode()
    redaction.redact(update, ["text"], by=data_protection, reason=REASON)
    for sha256 in hashes:
        page = client.get(f"/verify/?hash={sha256}").content.decode()
        assert "Yes, the network has this hash on record" in page
        assert "Redacted on" in page
    new = place.revision.city_period.revisions.get(number=2).sha256
    assert "Redacted on" not in client.get(f"/verify/?hash={new}").content.decode()


def test_pages_of_readers(place, update, data_protection, client):
    report = issue_city(place)
    build_report(report.pk)
    name = report.files.first().name
    redaction.redact(update, ["text"], by=data_protection, reason=REASON)
    client.force_login(place.lead)
    period = reverse("strategies:cityperiod_detail", args=[place.pk])
    pages = {
        url: client.get(url).content.decode()
        for url in (
            period,
            f"{period}revisions/1/",
            f"{period}revisions/2/",
            update.action.get_absolute_url(),
            reverse("strategies:update_history", args=[update.pk]),
            report.get_absolute_url(),
            reverse("reports:report_list"),
        )
    }
    assert all(WORDS not in page for page in pages.values())
    assert "Redacted on" in pages[f"{period}revisions/1/"]
    assert "Redacted on" not in pages[f"{period}revisions/2/"]
    assert "carried over to the redacted revision" in pages[period]
    assert MARK in pages[update.action.get_absolute_url()]
    assert "This report has been withdrawn" in pages[report.get_absolute_url()]
    assert name not in pages[report.get_absolute_url()]
    response = client.get(reverse("reports:report_file", args=[report.number, name]), follow=True)
    assert "its files have been deleted" in response.content.decode()
