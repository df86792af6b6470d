"""The log of emails: coordinators' pages and the list of the administration."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse

from accounts import services, tasks
from accounts.enums import MailState
from accounts.models import Mail
from accounts.services import queue_mail
from core import clock
from core.exceptions import PermissionRefused

from .conftest import ONE_TIME_LINK


@pytest.mark.parametrize(
    "role", ["official", "lead", "partner", "scientific", "data_protection", "superuser", "former"]
)
def test_mail_pages_are_404_for_other_roles(client, everyone, mail, role):
    client.force_login(everyone[role])

    for name, args in (("mail_list", []), ("mail_detail", [mail.pk])):
        assert client.get(reverse(f"accounts:{name}", args=args)).status_code == 404
    assert client.post(reverse("accounts:mail_send_again", args=[mail.pk])).status_code == 404


def test_mail_page_redirects_anonymous_visitor_to_sign_in(client, mail):
    response = client.get(reverse("accounts:mail_detail", args=[mail.pk]))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_coordinator_sees_mails_without_one_time_links(client, everyone, mail_with_link, mail, settings):
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("accounts:mail_list"))
    detail = client.get(reverse("accounts:mail_detail", args=[mail_with_link.pk]))
    plain = client.get(reverse("accounts:mail_detail", args=[mail.pk]))

    assert list(page.context["object_list"]) == [mail, mail_with_link]
    assert str(settings.EMAIL_FILE_PATH) in page.content.decode()
    assert ONE_TIME_LINK not in page.content.decode() + detail.content.decode()
    assert "Log it." in plain.content.decode()


def test_mail_folder_is_hidden_when_smtp_is_set(client, everyone, settings):
    settings.EMAIL_HOST = "smtp.example"
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("accounts:mail_list"))

    assert str(settings.EMAIL_FILE_PATH) not in page.content.decode()


def test_mail_list_filters_by_state_and_recipient(client, everyone, mail, enqueued):
    other = services.queue_mail(to="b@town.example", subject="s", body="b")
    Mail.objects.filter(pk=other.pk).update(state=MailState.FAILED)
    client.force_login(everyone["coordinator"])

    by_state = client.get(reverse("accounts:mail_list"), {"state": "failed"})
    by_name = client.get(reverse("accounts:mail_list"), {"recipient": "a@town"})
    nonsense = client.get(reverse("accounts:mail_list"), {"state": "nonsense"})

    assert list(by_state.context["object_list"]) == [other]
    assert list(by_name.context["object_list"]) == [mail]
    assert nonsense.context["paginator"].count == 2


@pytest.mark.parametrize("count", [1, 5])
def test_mail_list_costs_the_same_for_one_or_five(client, everyone, enqueued, count, django_assert_max_num_queries):
    for number in range(count):
        services.queue_mail(to=f"{number}@town.example", subject="s", body="b")
    client.force_login(everyone["coordinator"])

    with django_assert_max_num_queries(9) as queries:
        client.get(reverse("accounts:mail_list"))

    COSTS.add(len(queries))
    assert len(COSTS) == 1


COSTS: set[int] = set()


def test_unknown_mail_is_sent_again(client, everyone, mail, enqueued):
    Mail.objects.filter(pk=mail.pk).update(state=MailState.UNKNOWN, attempts=3, reason="silence")
    client.force_login(everyone["coordinator"])

    client.post(reverse("accounts:mail_send_again", args=[mail.pk]))
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.SENT
    assert enqueued == [(services.SEND, mail.pk)] * 2


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.SENDING, MailState.SENT])
def test_mail_being_sent_is_not_sent_again(client, everyone, mail, state):
    Mail.objects.filter(pk=mail.pk).update(state=state, sent_at=clock.now())
    client.force_login(everyone["coordinator"])

    response = client.post(reverse("accounts:mail_send_again", args=[mail.pk]), follow=True)

    assert "is being sent" in response.content.decode()
    mail.refresh_from_db()
    assert mail.state == state


@pytest.mark.parametrize(
    "state, body, offers, asks_again",
    [
        (MailState.QUEUED, "Text", False, True),
        (MailState.FAILED, "Text", True, False),
        (MailState.UNKNOWN, "Text", True, False),
        (MailState.UNKNOWN, "", False, False),
    ],
)
def test_delivery_shows_progress_or_what_failed_and_a_retry_that_works(
    client, everyone, mail, state, body, offers, asks_again
):
    Mail.objects.filter(pk=mail.pk).update(state=state, body=body)
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("accounts:mail_detail", args=[mail.pk])).content.decode()
    part = client.get(reverse("accounts:mail_state", args=[mail.pk])).content.decode()

    assert [reverse("accounts:mail_send_again", args=[mail.pk]) in html for html in (page, part)] == [offers] * 2
    assert ["data-hx-get" in html for html in (page, part)] == [asks_again] * 2
    assert ("send it again" in part) is (state != MailState.QUEUED)


def test_resend_mail_service_refuses_other_roles(mail, everyone):
    Mail.objects.update(state=MailState.FAILED)

    with pytest.raises(PermissionRefused):
        services.resend_mail(mail, by=everyone["superuser"])


# ---- search


@pytest.mark.parametrize("words", ["åtgärd", "ATGARD", "stad atgard", "BOB@town.example"])
def test_log_of_emails_is_searched_without_case_and_marks(client, everyone, words):
    queue_mail(to="bob@town.example", subject="Åtgärd i Stad", body="")
    queue_mail(to="eve@town.example", subject="Something else", body="")
    client.force_login(everyone["coordinator"])

    found = client.get("/admin/accounts/mail/", {"q": words}).context["cl"].result_list

    assert [mail.subject for mail in found] == ["Åtgärd i Stad"]


@pytest.mark.django_db
def test_migration_folds_stored_emails():
    queue_mail(to="bob@town.example", subject="Åtgärd", body="")
    Mail.objects.update(searched="")
    migration = import_module("accounts.migrations.0007_search_of_emails")

    migration.fold_stored_mails(apps, SimpleNamespace(connection=connection))

    assert Mail.objects.get().searched == "atgard bob@town.example"
