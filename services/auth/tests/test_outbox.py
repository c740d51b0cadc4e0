"""The outbox: queued messages, repeated tries, and a background thread that sends them."""

import time
from datetime import datetime
from email.message import EmailMessage
from itertools import pairwise
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest

from bokeh_auth.background import BackgroundThread, PeriodicTask
from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.one_time_links import LOGIN, REGISTER
from bokeh_auth.mail.messages import MessageWriter
from bokeh_auth.mail.outbox import Outbox
from bokeh_auth.mail.transports import SmtpTransport
from bokeh_common.storage import RecordStore
from tests.support.mailbox import Mailbox, smtp_server


def test_the_outbox_keeps_messages_while_the_server_is_down(
    domain: AccountDomain,
    store: RecordStore,
    messages: MessageWriter,
    clock: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    box = Mailbox()
    with smtp_server(box) as port:
        pass  # the server stops, and its port stays free
    outbox = Outbox(domain.repository, messages, SmtpTransport.from_url(f"smtp://127.0.0.1:{port}"), clock)
    outbox.add(REGISTER, "ada@example.com", "ada")
    assert outbox.deliver() == 0
    assert len(store.list("outbox/")) == 1
    again = Outbox(
        domain.repository, messages, SmtpTransport.from_url(f"smtp://127.0.0.1:{port}"), clock
    )  # a restart
    with smtp_server(box, port):
        assert again.deliver() == 0  # not yet due
        clock.advance(seconds=15)
        assert again.deliver() == 1
    assert store.list("outbox/") == []
    assert len(box.mails) == 1
    assert "ada@" not in caplog.text
    assert "bko_" not in caplog.text


@pytest.mark.parametrize("tries", [0, 1])
def test_messages_are_sent_soon_after_a_clock_was_set_back(
    domain: AccountDomain, messages: MessageWriter, clock: Any, tries: int
) -> None:
    box = Mailbox()
    box.answers = ["451 try again"] * tries
    with smtp_server(box) as port:
        outbox = Outbox(
            domain.repository, messages, SmtpTransport.from_url(f"smtp://127.0.0.1:{port}"), clock
        )
        outbox.add(REGISTER, "ada@example.com", "ada")
        for _ in range(tries):
            assert outbox.deliver() == 0
        clock.advance(days=-1)
        assert outbox.deliver() == 1


def test_waits_between_tries_grow_until_a_message_is_given_up(
    domain: AccountDomain, store: RecordStore, messages: MessageWriter, clock: Any
) -> None:
    outbox, times = Outbox(domain.repository, messages, Broken(OSError()), clock), list[datetime]()
    outbox.add(REGISTER, "ada@example.com", "ada")
    while store.list("outbox/") and len(times) < 100:
        outbox.deliver()
        times.append(clock())
        clock.advance(seconds=15)
        while (
            store.list("outbox/") and store.list("outbox/")[0].value["due"] > f"{clock():%Y-%m-%dT%H:%M:%SZ}"
        ):
            clock.advance(seconds=15)
    waits = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert waits[:5] == [15, 30, 60, 120, 240]
    assert max(waits) <= 3700
    assert 24 <= len(waits) < 60


class Broken:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def send(self, message: EmailMessage) -> None:
        raise self.error


@pytest.mark.parametrize(("code", "left"), [(550, 0), (450, 1)])
def test_an_address_that_is_refused_permanently_is_given_up(
    domain: AccountDomain, store: RecordStore, messages: MessageWriter, clock: Any, code: int, left: int
) -> None:
    error = SMTPRecipientsRefused({"ada@example.com": (code, b"no")})
    outbox = Outbox(domain.repository, messages, Broken(error), clock)
    outbox.add(REGISTER, "ada@example.com", "ada")
    outbox.deliver()
    assert len(store.list("outbox/")) == left


def test_an_error_of_one_message_does_not_block_others(
    domain: AccountDomain, store: RecordStore, messages: MessageWriter, clock: Any
) -> None:
    class Choosy:
        sent = 0

        def send(self, message: EmailMessage) -> None:
            if message["To"] == "bad@example.com":
                raise ValueError("a programming error")
            self.sent += 1

    outbox = Outbox(domain.repository, messages, Choosy(), clock)
    for name in ("bad", "ada", "bob", "carol"):
        outbox.add(REGISTER, f"{name}@example.com", name)
    assert outbox.deliver() == 3
    assert len(store.list("outbox/")) == 1


def test_another_process_sends_what_a_crashed_one_did_not(
    domain: AccountDomain, store: RecordStore, messages: MessageWriter, clock: Any
) -> None:
    class Dying:
        def send(self, message: EmailMessage) -> None:
            raise KeyboardInterrupt

    Outbox(domain.repository, messages, Dying(), clock).add(REGISTER, "ada@example.com", "ada")
    with pytest.raises(KeyboardInterrupt):
        Outbox(domain.repository, messages, Dying(), clock).deliver()
    box = Mailbox()
    with smtp_server(box) as port:
        other = Outbox(domain.repository, messages, SmtpTransport.from_url(f"smtp://127.0.0.1:{port}"), clock)
        assert other.deliver() == 0  # the first one may still be sending it
        clock.advance(minutes=5)
        assert other.deliver() == 1


def test_the_outbox_contains_no_secrets(
    domain: AccountDomain, store: RecordStore, messages: MessageWriter, clock: Any
) -> None:
    Outbox(domain.repository, messages, Broken(OSError()), clock).add(LOGIN, "ada@example.com", "")
    assert "bko_" not in str([record.value for record in store.list("outbox/")])


def test_waking_the_background_thread_sends_mail_although_other_tasks_fail(
    domain: AccountDomain, messages: MessageWriter
) -> None:
    box = Mailbox()
    with smtp_server(box) as port:
        outbox = Outbox(domain.repository, messages, SmtpTransport.from_url(f"smtp://127.0.0.1:{port}"))
        background = BackgroundThread(
            [PeriodicTask("Mail", outbox.deliver, 60), PeriodicTask("Nothing", lambda: 1 / 0, 60)]
        )
        background.start()
        time.sleep(0.1)
        outbox.add(REGISTER, "ada@example.com", "ada")
        background.wake()
        for _ in range(200):
            if box.mails:
                break
            time.sleep(0.02)
        background.stop()
    assert len(box.mails) == 1
