import smtplib
import threading
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.urls import reverse

from accounts import services, tasks
from accounts.enums import MailState
from accounts.exceptions import MailRefused
from accounts.models import Mail
from core import clock
from tests.factories import UserFactory

SECRET = "https://site.example/one-time"


@pytest.fixture
def rung(monkeypatch):
    """Return the tasks that were enqueued, without a broker."""
    calls = []
    monkeypatch.setattr(services, "enqueue", lambda task, pk: calls.append((task, pk)))
    return calls


@pytest.fixture
def letter(db, rung):
    return services.queue_mail(to="a@town.example", subject="Due\nsoon", body="Log it.")


class Server(EmailBackend):
    """A mail server that fails at the step that the test names."""

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
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.accounts.test_emails.Server"
    for name in ("fails_open", "fails_send", "fails_close"):
        monkeypatch.setattr(Server, name, None)
    return Server


# ---- writing


def test_letter_is_queued_and_rung_for(letter, rung):
    assert letter.state == MailState.QUEUED
    assert letter.subject == "Due soon"
    assert rung == [(services.SEND, letter.pk)]


def test_same_key_writes_once(db, rung):
    first = services.queue_mail(to="a@town.example", subject="s", body="b", key="due:1")
    second = services.queue_mail(to="a@town.example", subject="s", body="b", key="due:1")

    assert first.key == "due:1"
    assert second is None
    assert Mail.objects.count() == 1
    assert len(rung) == 1


def test_language_of_an_account_is_known(db):
    UserFactory(email="sv@town.example", language="sv")

    assert services.language_of("SV@town.example") == "sv"
    assert services.language_of("nobody@town.example") == ""


# ---- sending


def test_letter_is_sent_once(letter):
    tasks.send_mail(letter.pk)
    tasks.send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.state == MailState.SENT
    assert letter.sent_at is not None
    assert letter.body == "Log it."
    assert [(sent.to, sent.subject, sent.body) for sent in outbox.outbox] == [
        (["a@town.example"], "Due soon", "Log it.")
    ]


def test_two_claims_in_a_row_give_one_token(letter):
    assert Mail.objects.claim(letter.pk) is not None
    assert Mail.objects.claim(letter.pk) is None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_it_once(rung):
    letter = services.queue_mail(to="a@town.example", subject="s", body="b")
    start, outbox.outbox = threading.Barrier(4), []

    def work():
        start.wait()
        services.send_mail(letter.pk)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(outbox.outbox) == 1
    assert Mail.objects.get().state == MailState.SENT


def test_server_that_is_away_leaves_the_letter_queued_three_times_then_failed(letter, server):
    server.fails_open = ConnectionRefusedError("away")

    seen = []
    for _ in range(4):
        tasks.send_mail(letter.pk)
        letter.refresh_from_db()
        seen.append((letter.state, letter.attempts))

    assert seen == [("queued", 1), ("queued", 2), ("failed", 3), ("failed", 3)]
    assert "away" in letter.reason
    assert outbox.outbox == []


def test_address_that_cannot_be_written_in_a_header_is_not_handed_over(letter, server):
    Mail.objects.filter(pk=letter.pk).update(recipient="a@town.example\nBcc: b@town.example")

    tasks.send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.state == MailState.QUEUED
    assert outbox.outbox == []


@pytest.mark.parametrize(
    "refusal",
    [
        smtplib.SMTPRecipientsRefused({"a@town.example": (550, b"unknown")}),
        smtplib.SMTPDataError(554, b"no"),
        smtplib.SMTPSenderRefused(550, b"no", "epi@localhost"),
    ],
)
def test_refusal_by_the_server_is_certain(letter, server, refusal):
    server.fails_send = refusal

    tasks.send_mail(letter.pk)

    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == (MailState.QUEUED, 1)


@pytest.mark.parametrize("break_off", [TimeoutError("silence"), smtplib.SMTPServerDisconnected("gone"), OSError(104)])
def test_break_while_handing_over_leaves_the_fate_unknown_for_good(letter, server, break_off, rung):
    server.fails_send = break_off

    with pytest.raises(type(break_off)):
        tasks.send_mail(letter.pk)
    server.fails_send = None
    with clock.at(clock.now() + timedelta(days=2)):
        tasks.requeue_mails()
    tasks.send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.state == MailState.UNKNOWN
    assert outbox.outbox == []


def test_server_that_does_not_say_goodbye_has_the_letter_all_the_same(letter, server):
    server.fails_close = OSError("gone")

    tasks.send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.state == MailState.SENT


def test_sender_that_fell_silent_leaves_the_fate_unknown(letter):
    Mail.objects.claim(letter.pk)

    assert services.give_up_stuck_mails() == 0
    with clock.at(clock.now() + timedelta(seconds=Mail.CLAIM_TIMEOUT_SECONDS + 1)):
        assert services.give_up_stuck_mails() == 1

    letter.refresh_from_db()
    assert letter.state == MailState.UNKNOWN
    assert services.mails_to_requeue() == []


def test_silent_sender_that_comes_back_still_tells(letter):
    token = Mail.objects.claim(letter.pk)
    with clock.at(clock.now() + timedelta(seconds=Mail.CLAIM_TIMEOUT_SECONDS + 1)):
        services.give_up_stuck_mails()

    services._store_outcome(letter.pk, token, state=MailState.SENT, sent_at=clock.now())

    letter.refresh_from_db()
    assert letter.state == MailState.SENT


def test_silent_sender_does_not_tell_of_a_letter_that_was_sent_again(letter, everyone):
    token = Mail.objects.claim(letter.pk)
    Mail.objects.update(state=MailState.UNKNOWN)
    services.resend_mail(letter, by=everyone["coordinator"])

    services._store_outcome(letter.pk, token, state=MailState.SENT, sent_at=clock.now())

    letter.refresh_from_db()
    assert letter.state == MailState.QUEUED


# ---- the periodic task


def test_tick_rings_for_what_waits_and_no_more_than_it_may(letter, monkeypatch):
    for number in range(3):
        services.queue_mail(to=f"{number}@town.example", subject="s", body="b")
    monkeypatch.setattr(services, "REQUEUED_AT_ONCE", 2)
    calls = []
    monkeypatch.setattr(tasks.current_app, "send_task", lambda name, args, expires: calls.append((name, args)))

    tasks.requeue_mails()

    assert calls == [(services.SEND, [letter.pk]), (services.SEND, [letter.pk + 1])]


def test_letter_that_failed_rests_before_it_is_tried_again(letter, server):
    server.fails_open = ConnectionRefusedError("away")
    tasks.send_mail(letter.pk)

    assert services.mails_to_requeue() == []
    with clock.at(clock.now() + timedelta(minutes=3)):
        assert services.mails_to_requeue() == [letter.pk]


# ---- secrets


@pytest.fixture
def secret(db, rung):
    return services.queue_mail(to="a@town.example", subject="Invitation", body=SECRET, has_secret=True)


def test_one_time_link_is_blanked_once_sent(secret):
    tasks.send_mail(secret.pk)

    secret.refresh_from_db()
    assert secret.body == ""
    assert SECRET in outbox.outbox[0].body


def test_one_time_link_is_kept_in_the_demo_on_ones_own_machine(secret):
    UserFactory(email="official@demo.example")

    tasks.send_mail(secret.pk)

    secret.refresh_from_db()
    assert secret.body == SECRET


@pytest.mark.parametrize(
    "name,value",
    [("SITE_URL", "https://epi.example"), ("EMAIL_HOST", "smtp.example"), ("DEMO_ALLOWED", False)],
)
def test_one_time_link_is_never_kept_where_others_could_read_it(secret, settings, name, value):
    UserFactory(email="official@demo.example")
    setattr(settings, name, value)

    tasks.send_mail(secret.pk)

    secret.refresh_from_db()
    assert secret.body == ""


# ---- the coordinators' page


@pytest.mark.parametrize(
    "role", ["official", "lead", "partner", "scientific", "data_protection", "superuser", "former"]
)
def test_letters_are_the_coordinators_alone(client, everyone, letter, role):
    client.force_login(everyone[role])

    for name, args in (("mail_list", []), ("mail_detail", [letter.pk])):
        assert client.get(reverse(f"accounts:{name}", args=args)).status_code == 404
    assert client.post(reverse("accounts:mail_send_again", args=[letter.pk])).status_code == 404


def test_stranger_is_asked_who_she_is(client, letter):
    response = client.get(reverse("accounts:mail_detail", args=[letter.pk]))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_coordinator_sees_what_became_of_letters_but_no_one_time_link(client, everyone, secret, letter, settings):
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("accounts:mail_list"))
    detail = client.get(reverse("accounts:mail_detail", args=[secret.pk]))
    plain = client.get(reverse("accounts:mail_detail", args=[letter.pk]))

    assert list(page.context["object_list"]) == [letter, secret]
    assert str(settings.EMAIL_FILE_PATH) in page.content.decode()
    assert SECRET not in page.content.decode() + detail.content.decode()
    assert "Log it." in plain.content.decode()


def test_folder_is_not_named_where_letters_go_by_smtp(client, everyone, settings):
    settings.EMAIL_HOST = "smtp.example"
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("accounts:mail_list"))

    assert str(settings.EMAIL_FILE_PATH) not in page.content.decode()


def test_letters_are_found_by_state_and_recipient(client, everyone, letter, rung):
    other = services.queue_mail(to="b@town.example", subject="s", body="b")
    Mail.objects.filter(pk=other.pk).update(state=MailState.FAILED)
    client.force_login(everyone["coordinator"])

    by_state = client.get(reverse("accounts:mail_list"), {"state": "failed"})
    by_name = client.get(reverse("accounts:mail_list"), {"recipient": "a@town"})
    nonsense = client.get(reverse("accounts:mail_list"), {"state": "nonsense"})

    assert list(by_state.context["object_list"]) == [other]
    assert list(by_name.context["object_list"]) == [letter]
    assert nonsense.context["paginator"].count == 2


@pytest.mark.parametrize("count", [1, 5])
def test_list_of_letters_costs_the_same_for_one_or_five(client, everyone, rung, count, django_assert_max_num_queries):
    for number in range(count):
        services.queue_mail(to=f"{number}@town.example", subject="s", body="b")
    client.force_login(everyone["coordinator"])

    with django_assert_max_num_queries(9) as queries:
        client.get(reverse("accounts:mail_list"))

    COSTS.add(len(queries))
    assert len(COSTS) == 1


COSTS: set[int] = set()


def test_send_again_takes_what_is_stuck(client, everyone, letter, rung):
    Mail.objects.filter(pk=letter.pk).update(state=MailState.UNKNOWN, attempts=3, reason="silence")
    client.force_login(everyone["coordinator"])

    client.post(reverse("accounts:mail_send_again", args=[letter.pk]))
    tasks.send_mail(letter.pk)

    letter.refresh_from_db()
    assert letter.state == MailState.SENT
    assert rung == [(services.SEND, letter.pk)] * 2


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.SENDING, MailState.SENT])
def test_letter_on_its_way_is_not_sent_again(client, everyone, letter, state):
    Mail.objects.filter(pk=letter.pk).update(state=state, sent_at=clock.now())
    client.force_login(everyone["coordinator"])

    response = client.post(reverse("accounts:mail_send_again", args=[letter.pk]), follow=True)

    assert "on its way" in response.content.decode()
    letter.refresh_from_db()
    assert letter.state == state


def test_service_asks_the_same_rule(letter, everyone):
    Mail.objects.update(state=MailState.FAILED)

    with pytest.raises(MailRefused, match="coordinators"):
        services.resend_mail(letter, by=everyone["superuser"])
