import os
import smtplib
import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import services, tasks
from accounts.enums import MailState
from accounts.models import Mail
from core import clock
from tests.factories import UserFactory

from .conftest import ONE_TIME_LINK


class FailingBackend(EmailBackend):
    """An email backend that raises the errors set by a test."""

    fails_open = fails_send = fails_close = None

    def open(self):
        if self.fails_open:
            raise self.fails_open

    def send_messages(self, messages):
        if self.fails_send:
            raise self.fails_send
        return super().send_messages(messages)

    def close(self):
        if self.fails_close:
            raise self.fails_close


@pytest.fixture
def email_backend(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.accounts.test_emails.FailingBackend"
    for name in ("fails_open", "fails_send", "fails_close"):
        monkeypatch.setattr(FailingBackend, name, None)
    return FailingBackend


# ---- queueing


def test_mail_is_queued_and_task_enqueued(mail, enqueued):
    assert mail.state == MailState.QUEUED
    assert mail.subject == "Due soon"
    assert enqueued == [(services.SEND, mail.pk)]


def test_second_mail_with_same_key_is_not_queued(db, enqueued):
    first = services.queue_mail(to="a@town.example", subject="s", body="b", key="due:1")
    second = services.queue_mail(to="a@town.example", subject="s", body="b", key="due:1")

    assert first.key == "due:1"
    assert second is None
    assert Mail.objects.count() == 1
    assert len(enqueued) == 1


def test_language_of_returns_language_of_account(db):
    UserFactory(email="sv@town.example", language="sv")

    assert services.language_of("SV@town.example") == "sv"
    assert services.language_of("nobody@town.example") == ""


# ---- sending


def test_mail_is_sent_once(mail):
    tasks.send_mail(mail.pk)
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.SENT
    assert mail.sent_at is not None
    assert mail.body == "Log it."
    assert [(sent.to, sent.subject, sent.body) for sent in outbox.outbox] == [
        (["a@town.example"], "Due soon", "Log it.")
    ]


def test_second_claim_returns_no_token(mail):
    assert Mail.objects.claim(mail.pk) is not None
    assert Mail.objects.claim(mail.pk) is None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_send_mail_once(enqueued):
    mail = services.queue_mail(to="a@town.example", subject="s", body="b")
    start, outbox.outbox = threading.Barrier(4), []

    def work():
        start.wait()
        services.send_mail(mail.pk)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(outbox.outbox) == 1
    assert Mail.objects.get().state == MailState.SENT


def test_mail_fails_after_three_attempts_without_server(mail, email_backend):
    email_backend.fails_open = ConnectionRefusedError("away")

    seen = []
    for minutes in (0, 3, 20, 60):
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            tasks.send_mail(mail.pk)
        mail.refresh_from_db()
        seen.append((mail.state, mail.attempts))

    assert seen == [("queued", 1), ("queued", 2), ("failed", 3), ("failed", 3)]
    assert "away" in mail.reason
    assert outbox.outbox == []


def test_mail_with_newline_in_recipient_is_not_sent(mail, email_backend):
    Mail.objects.filter(pk=mail.pk).update(recipient="a@town.example\nBcc: b@town.example")

    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.QUEUED
    assert outbox.outbox == []


@pytest.mark.parametrize(
    "refusal",
    [
        smtplib.SMTPRecipientsRefused({"a@town.example": (550, b"unknown")}),
        smtplib.SMTPDataError(554, b"no"),
        smtplib.SMTPSenderRefused(550, b"no", "epi@localhost"),
    ],
)
def test_mail_refused_by_server_is_queued_again(mail, email_backend, refusal):
    email_backend.fails_send = refusal

    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (MailState.QUEUED, 1)


@pytest.mark.parametrize("error", [TimeoutError("silence"), smtplib.SMTPServerDisconnected("gone"), OSError(104)])
def test_mail_is_unknown_and_not_retried_after_error_while_sending(mail, email_backend, error, enqueued):
    email_backend.fails_send = error

    with pytest.raises(type(error)):
        tasks.send_mail(mail.pk)
    email_backend.fails_send = None
    with clock.at(clock.now() + timedelta(days=2)):
        tasks.requeue_mails()
    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.UNKNOWN
    assert outbox.outbox == []


def test_mail_is_sent_when_closing_connection_fails(mail, email_backend):
    email_backend.fails_close = OSError("gone")

    tasks.send_mail(mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.SENT


def test_mail_is_unknown_after_claim_timeout(mail):
    Mail.objects.claim(mail.pk)

    assert services.give_up_stuck_mails() == 0
    with clock.at(clock.now() + timedelta(seconds=Mail.CLAIM_TIMEOUT_SECONDS + 1)):
        assert services.give_up_stuck_mails() == 1

    mail.refresh_from_db()
    assert mail.state == MailState.UNKNOWN
    assert services.mails_to_requeue() == []


def test_late_sender_stores_outcome_of_unknown_mail(mail):
    token = Mail.objects.claim(mail.pk)
    with clock.at(clock.now() + timedelta(seconds=Mail.CLAIM_TIMEOUT_SECONDS + 1)):
        services.give_up_stuck_mails()

    services._store_outcome(mail.pk, token, state=MailState.SENT, sent_at=clock.now())

    mail.refresh_from_db()
    assert mail.state == MailState.SENT


def test_late_sender_does_not_change_mail_queued_again(mail, everyone):
    token = Mail.objects.claim(mail.pk)
    Mail.objects.update(state=MailState.UNKNOWN)
    services.resend_mail(mail, by=everyone["coordinator"])

    services._store_outcome(mail.pk, token, state=MailState.SENT, sent_at=clock.now())

    mail.refresh_from_db()
    assert mail.state == MailState.QUEUED


# ---- order of sending


def test_urgent_mail_is_sent_before_the_next_one_of_a_batch(mail):
    others = [services.queue_mail(to=f"{number}@town.example", subject="s", body="b") for number in range(3)]
    tasks.send_mail(mail.pk)
    services.queue_mail(to="waits@town.example", subject="Reset", body="b", is_urgent=True)

    for other in others:
        tasks.send_mail(other.pk)

    sent = [message.to[0] for message in outbox.outbox]
    assert sent == ["a@town.example", "waits@town.example", *[other.recipient for other in others]]


def test_urgent_mail_is_requeued_first(mail):
    urgent = services.queue_mail(to="waits@town.example", subject="Reset", body="b", is_urgent=True)

    assert services.mails_to_requeue() == [urgent.pk, mail.pk]


def test_urgent_mail_that_failed_keeps_the_pause(mail, email_backend):
    urgent = services.queue_mail(to="waits@town.example", subject="Reset", body="b", is_urgent=True)
    email_backend.fails_open = ConnectionRefusedError("away")

    tasks.send_mail(mail.pk)
    tasks.send_mail(mail.pk)

    urgent.refresh_from_db()
    assert (urgent.state, urgent.attempts) == (MailState.QUEUED, 1)


def test_password_reset_is_urgent(client, db):
    user = UserFactory()

    client.post(reverse("account_reset_password"), {"email": user.email})

    assert Mail.objects.get().is_urgent


# ---- headers


@pytest.mark.parametrize(
    "sender, domain",
    [
        ("epi@mail.example", "mail.example"),
        ("Network <epi@mail.example>", "mail.example"),
        ("epi@localhost", "site.example"),
    ],
)
def test_headers_say_that_nobody_wrote_the_mail_and_name_our_domain(mail, settings, sender, domain):
    settings.DEFAULT_FROM_EMAIL, settings.SITE_URL = sender, "https://site.example:8000"

    tasks.send_mail(mail.pk)

    headers = outbox.outbox[0].message()
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["Message-ID"].endswith(f"@{domain}>")


def test_each_mail_has_its_own_message_id(mail):
    other = services.queue_mail(to="b@town.example", subject="s", body="b")
    for pk in (mail.pk, other.pk):
        tasks.send_mail(pk)

    assert len({message.message()["Message-ID"] for message in outbox.outbox}) == 2


# ---- periodic task


def test_requeue_mails_sends_tasks_up_to_limit(mail, monkeypatch):
    for number in range(3):
        services.queue_mail(to=f"{number}@town.example", subject="s", body="b")
    monkeypatch.setattr(services, "REQUEUED_AT_ONCE", 2)
    calls = []
    monkeypatch.setattr(tasks.current_app, "send_task", lambda name, args, expires: calls.append((name, args)))

    tasks.requeue_mails()

    assert calls == [(services.SEND, [mail.pk]), (services.SEND, [mail.pk + 1])]


@pytest.mark.parametrize("attempts, pause", [(1, 2), (2, 15)])
def test_failed_attempt_is_retried_after_pause_only(mail, email_backend, attempts, pause):
    """Also where several messages wait for one email: the second one comes at once."""
    email_backend.fails_open = ConnectionRefusedError("away")
    Mail.objects.update(attempts=attempts - 1)
    start = clock.now()
    tasks.send_mail(mail.pk)
    email_backend.fails_open = None

    with clock.at(start + timedelta(minutes=pause, seconds=-5)):
        due_before = services.mails_to_requeue()
        tasks.send_mail(mail.pk)
        sent_before = len(outbox.outbox)
    with clock.at(start + timedelta(minutes=pause, seconds=5)):
        due = services.mails_to_requeue()
        tasks.send_mail(mail.pk)

    assert (due_before, sent_before, due, len(outbox.outbox)) == ([], 0, [mail.pk], 1)


# ---- retention


@pytest.mark.parametrize("state", [MailState.SENT, MailState.FAILED, MailState.UNKNOWN])
def test_old_mail_is_deleted_after_its_time(mail, settings, state):
    settings.MAIL_KEEP_DAYS = 90
    Mail.objects.update(state=state, sent_at=clock.now())

    with clock.at(clock.now() + timedelta(days=89)):
        tasks.delete_old_mails()
        kept = Mail.objects.count()
    with clock.at(clock.now() + timedelta(days=91)):
        tasks.delete_old_mails()

    assert (kept, Mail.objects.count()) == (1, 0)


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.SENDING])
def test_waiting_mail_is_not_deleted(mail, state):
    Mail.objects.update(state=state)

    with clock.at(clock.now() + timedelta(days=5000)):
        tasks.delete_old_mails()

    assert Mail.objects.count() == 1


@pytest.mark.parametrize("smtp, left", [("", ["new.log"]), ("smtp.example", ["new.log", "old.log"])])
def test_old_files_of_mails_are_deleted(db, settings, tmp_path, smtp, left):
    settings.EMAIL_FILE_PATH, settings.EMAIL_HOST = tmp_path, smtp
    for name, age in (("old.log", 366), ("new.log", 364)):
        (tmp_path / name).touch()
        written = (clock.now() - timedelta(days=age)).timestamp()
        os.utime(tmp_path / name, (written, written))

    tasks.delete_old_mails()

    assert sorted(file.name for file in tmp_path.iterdir()) == left


def test_expired_sessions_are_deleted(db):
    for _number in range(2):
        Client().force_login(UserFactory())
    expired = Session.objects.first()
    Session.objects.filter(pk=expired.pk).update(expire_date=clock.now() - timedelta(minutes=1))

    tasks.clear_sessions()

    assert Session.objects.count() == 1
    assert not Session.objects.filter(pk=expired.pk).exists()


# ---- one-time links


def test_one_time_link_is_deleted_after_sending(mail_with_link):
    tasks.send_mail(mail_with_link.pk)

    mail_with_link.refresh_from_db()
    assert mail_with_link.body == ""
    assert ONE_TIME_LINK in outbox.outbox[0].body


def test_one_time_link_is_kept_in_local_demo(mail_with_link):
    UserFactory(email="official@demo.example")

    tasks.send_mail(mail_with_link.pk)

    mail_with_link.refresh_from_db()
    assert mail_with_link.body == ONE_TIME_LINK


@pytest.mark.parametrize(
    "name,value",
    [("SITE_URL", "https://epi.example"), ("EMAIL_HOST", "smtp.example"), ("DEMO_ALLOWED", False)],
)
def test_one_time_link_is_deleted_outside_local_demo(mail_with_link, settings, name, value):
    UserFactory(email="official@demo.example")
    setattr(settings, name, value)

    tasks.send_mail(mail_with_link.pk)

    mail_with_link.refresh_from_db()
    assert mail_with_link.body == ""
