"""Downloads: who may read a file, how it is sent, and what happens when its bytes have changed."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db.models import Q
from django.urls import reverse

from cities import file_access as registry
from cities.services import files
from tests.factories import UserFactory

from .pictures import bytes_of, picture, upload


@pytest.fixture
def readers(monkeypatch):
    """Return a set of user IDs that may see every used file."""
    readers = set()
    monkeypatch.setattr(registry, "_conditions", [lambda user: Q(state="used") if user.pk in readers else Q(pk=None)])
    return readers


@pytest.mark.django_db
def test_pending_file_is_visible_to_uploader_only(client, everyone):
    stored = files.store_upload(upload(b"text", "a.txt"), by=everyone["official"])
    url = reverse("cities:file", args=[stored.uuid])

    for role in ("lead", "coordinator", "superuser", "other_official"):
        client.force_login(everyone[role])
        assert client.get(url).status_code == 404, role
    client.force_login(everyone["official"])
    assert bytes_of(client.get(url)) == b"text"


@pytest.mark.django_db
def test_file_is_sent_as_attachment_with_csp(client, readers):
    user = UserFactory()
    readers.add(user.pk)
    stored = files.mark_file_used(files.store_upload(upload(b"a <script>x()</script>", "x.html"), by=UserFactory()))
    client.force_login(user)

    response = client.get(reverse("cities:file", args=[stored.uuid]) + "?view=1")
    bytes_of(response)

    assert response["Content-Disposition"] == 'attachment; filename="x.html.txt"'
    assert response["Content-Type"] == "text/plain"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.django_db
def test_picture_is_shown_inline(client, readers):
    user = UserFactory()
    readers.add(user.pk)
    stored = files.mark_file_used(files.store_upload(upload(picture(), "x.jpg"), by=UserFactory()))
    client.force_login(user)

    response = client.get(reverse("cities:file", args=[stored.uuid]) + "?view=1")
    bytes_of(response)

    assert response["Content-Disposition"] == 'inline; filename="x.jpg"'
    assert response["Content-Type"] == "image/jpeg"


@pytest.mark.django_db
def test_file_redirects_anonymous_visitor_to_sign_in_even_if_missing(client, readers):
    stored = files.mark_file_used(files.store_upload(upload(b"text"), by=UserFactory()))
    existing_url = reverse("cities:file", args=[stored.uuid])
    missing_url = reverse("cities:file", args=["00000000-0000-4000-8000-000000000000"])

    for url in (existing_url, missing_url):
        response = client.get(url)
        assert response.status_code == 302
        assert response["Location"] == f"{reverse('account_login')}?next={url}"


@pytest.mark.django_db
def test_file_missing_in_storage_is_reported(client, readers, caplog):
    user = UserFactory()
    readers.add(user.pk)
    stored = files.mark_file_used(files.store_upload(upload(b"text"), by=UserFactory()))
    default_storage.delete(stored.path)
    client.force_login(user)

    response = client.get(reverse("cities:file", args=[stored.uuid]))

    assert response.status_code == 409
    assert "This file is missing from the server." in response.content.decode()
    assert "no longer what was uploaded" not in response.content.decode()
    assert f"The bytes of file {stored.pk} are missing" in caplog.text


@pytest.mark.django_db
def test_file_with_wrong_hash_is_not_sent(client, readers, caplog):
    user = UserFactory()
    readers.add(user.pk)
    stored = files.mark_file_used(files.store_upload(upload(b"text", "a.txt"), by=UserFactory()))
    Path(default_storage.path(stored.path)).write_bytes(b"forged")
    client.force_login(user)

    response = client.get(reverse("cities:file", args=[stored.uuid]))

    assert response.status_code == 409
    assert "do not match their hash" in response.content.decode()
    assert "“a.txt” is no longer what was uploaded." in response.content.decode()
    assert "forged" not in response.content.decode()
    assert f"The bytes of file {stored.pk}" in caplog.text
