"""*Verify* accepts issued files, refuses them with one changed byte, and stores nothing that was uploaded."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from reports import tasks
from reports.documents import render
from reports.models import Report

from .test_report_pages import make

pytestmark = pytest.mark.django_db

YES, NO = "Yes, this was issued by the network", "No, the network has issued nothing like this"


@pytest.fixture
def report(city):
    made = make(city)
    tasks.build_report(made.pk)
    return made


def ask(client, **data):
    return client.post(reverse("reports:verify"), data).content.decode()


def upload(client, content, name="report.pdf"):
    return ask(client, file=SimpleUploadedFile(name, content))


@pytest.mark.parametrize("kind", ["pdf", "html", "json"])
def test_every_file_is_known_and_not_after_one_changed_byte(client, report, kind):
    content = report.files.get(name__endswith=kind).verified_content
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]

    assert YES in upload(client, content)
    assert NO in upload(client, changed)
    assert NO in upload(client, content + b"\n")


def test_pdf_made_again_from_its_snapshot_is_known(client, report):
    assert YES in upload(client, render.pdf(report.snapshot))


def test_printed_hash_is_known_however_it_was_copied(client, report):
    spaced = " ".join(report.sha256[at : at + 8] for at in range(0, 64, 8)).upper()

    assert YES in ask(client, hash=report.sha256)
    assert YES in ask(client, hash=f"SHA-256: {spaced}\n")
    assert NO in ask(client, hash="0" * 64)


def test_answer_has_an_address(client, report):
    page = client.get(reverse("reports:verify"), {"hash": report.sha256}).content.decode()

    assert YES in page
    assert report.number in page


@pytest.mark.parametrize(
    "role, may_see", [("public", False), ("other_official", False), ("official", True), ("partner", True)]
)
def test_number_subject_and_date_for_all_and_a_link_only_where_one_may_see(client, report, everyone, role, may_see):
    if role != "public":
        client.force_login(everyone[role])

    page = ask(client, hash=report.sha256)

    assert report.number in page
    assert "Linköping" in page
    assert (f'href="{report.get_absolute_url()}"' in page) is may_see
    assert "2 done" not in page


def test_newer_revision_is_told(client, report):
    Report.objects.create(
        kind=report.kind,
        city=report.city,
        period=report.period,
        period_revision=report.period_revision,
        revision=2,
        number=report.number.replace("-R1", "-R2"),
        language="en",
        snapshot="{}",
        sha256="1" * 64,
    )

    page = ask(client, hash=report.sha256)

    assert YES in page
    assert report.number.replace("-R1", "-R2") in page


@pytest.mark.parametrize(
    "data, told",
    [
        ({}, "Paste the hash, or choose the file."),
        ({"hash": "abc"}, "A hash has 64 characters"),
    ],
)
def test_what_is_no_question_is_told_so(client, data, told):
    page = ask(client, **data)

    assert told in page
    assert "Nothing has been saved yet" not in page
    assert YES not in page
    assert NO not in page


def test_file_that_is_too_large_is_refused(client, settings):
    settings.UPLOAD_MAX_BYTES = 1000

    assert "larger than any report" in upload(client, b"x" * 1001)
    assert NO in upload(client, b"x" * 1000)


def test_empty_file_gets_an_answer(client):
    assert NO in upload(client, b"")


def test_nothing_of_a_file_is_kept(client, monkeypatch):
    def keep(*args, **kwargs):
        raise AssertionError("a file was kept")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", keep)
    before = sorted(Path(settings.DATA_DIR).rglob("*"))

    assert NO in upload(client, b"x" * 3_000_000)
    assert sorted(Path(settings.DATA_DIR).rglob("*")) == before


def test_form_without_token_is_refused(client):
    client.handler.enforce_csrf_checks = True

    assert client.post(reverse("reports:verify"), {"hash": "0" * 64}).status_code == 403
    token = client.get(reverse("reports:verify")).cookies["csrftoken"].value
    asked = {"hash": "0" * 64, "csrfmiddlewaretoken": token}
    assert client.post(reverse("reports:verify"), asked).status_code == 200
