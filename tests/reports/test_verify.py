"""*Verify* accepts issued files, refuses them with one changed byte, and stores nothing that was uploaded."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from reports import tasks
from reports.documents import render
from reports.models import Report

from .test_report_pages import create_report

pytestmark = pytest.mark.django_db

YES, NO = "Yes, the network has ", "No, the network has not issued this"
HASH_ONLY = "Checked: only the hash, not the document or paper that you have."


@pytest.fixture
def report(city):
    created = create_report(city)
    tasks.build_report(created.pk)
    return created


def verify(client, **data):
    return client.post(reverse("reports:verify"), data).content.decode()


def upload(client, content, name="report.pdf"):
    return verify(client, file=SimpleUploadedFile(name, content))


@pytest.mark.parametrize("kind", ["pdf", "html", "json"])
def test_issued_file_is_confirmed_and_a_changed_one_is_not(client, report, kind):
    content = report.files.get(name__endswith=kind).verified_content
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]

    page = upload(client, content)
    assert YES in page
    assert "Checked: the file report.pdf, byte for byte." in page
    assert HASH_ONLY not in page
    assert NO in upload(client, changed)
    assert NO in upload(client, content + b"\n")


@pytest.mark.slow
def test_pdf_rendered_again_is_confirmed(client, report):
    assert YES in upload(client, render.pdf(report.snapshot))


def test_hash_is_confirmed_in_every_copied_format(client, report):
    spaced = " ".join(report.sha256[at : at + 8] for at in range(0, 64, 8)).upper()

    page = verify(client, hash=report.sha256)
    assert YES in page
    assert HASH_ONLY in page
    assert YES in verify(client, hash=f"SHA-256: {spaced}\n")
    assert NO in verify(client, hash="0" * 64)


def test_result_can_be_opened_by_url(client, report):
    page = client.get(reverse("reports:verify"), {"hash": report.sha256}).content.decode()

    assert YES in page
    assert report.number in page


@pytest.mark.parametrize(
    "role, has_link", [("public", False), ("other_official", False), ("official", True), ("partner", True)]
)
def test_result_links_the_report_only_with_permission(client, report, everyone, role, has_link):
    if role != "public":
        client.force_login(everyone[role])

    page = verify(client, hash=report.sha256)

    assert report.number in page
    assert "Linköping" in page
    assert (f'href="{report.get_absolute_url()}"' in page) is has_link
    assert "2 done" not in page


def test_result_names_the_newer_revision(client, report):
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

    page = verify(client, hash=report.sha256)

    assert YES in page
    assert report.number.replace("-R1", "-R2") in page


@pytest.mark.parametrize(
    "data, message",
    [
        ({}, "Paste the hash or choose the file."),
        ({"hash": "abc"}, "A hash has 64 characters"),
    ],
)
def test_invalid_form_shows_an_error_and_no_result(client, data, message):
    page = verify(client, **data)

    assert message in page
    assert "Nothing has been saved yet" not in page
    assert YES not in page
    assert NO not in page


def test_too_large_file_is_refused(client, settings):
    settings.UPLOAD_MAX_BYTES = 1000

    assert "too large to be a report" in upload(client, b"x" * 1001)
    assert NO in upload(client, b"x" * 1000)


def test_empty_file_is_not_confirmed(client):
    assert NO in upload(client, b"")


def test_uploaded_file_is_not_stored(client, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("a file was kept")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", fail)
    before = sorted(Path(settings.DATA_DIR).rglob("*"))

    assert NO in upload(client, b"x" * 3_000_000)
    assert sorted(Path(settings.DATA_DIR).rglob("*")) == before


def test_form_without_csrf_token_is_refused(client):
    client.handler.enforce_csrf_checks = True

    assert client.post(reverse("reports:verify"), {"hash": "0" * 64}).status_code == 403
    token = client.get(reverse("reports:verify")).cookies["csrftoken"].value
    form_data = {"hash": "0" * 64, "csrfmiddlewaretoken": token}
    assert client.post(reverse("reports:verify"), form_data).status_code == 200
