"""Mail: messages, the outbox, and transports with a real SMTP server."""

import logging
import re
import ssl
import subprocess
import time
from datetime import datetime
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from smtplib import SMTPException, SMTPNotSupportedError, SMTPRecipientsRefused
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from bokeh_auth.background import BackgroundThread, PeriodicTask
from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.one_time_links import LOGIN, REGISTER
from bokeh_auth.mail.messages import SUBJECTS, MessageWriter
from bokeh_auth.mail.outbox import Outbox, QueuedMessage
from bokeh_auth.mail.transports import FileTransport, SmtpTransport
from bokeh_common.errors import Invalid
from bokeh_common.storage import RecordStore
from tests.support.mailbox import Mailbox, smtp_server

LINK = re.compile(r"https://cloud\.example\.org/\S*")


@pytest.fixture
def messages(domain: AccountDomain) -> MessageWriter:
    return MessageWriter(domain.accounts, domain.links, "https://cloud.example.org/", "noreply@example.org")


def queued(purpose: str, email: str = "ada@example.com", user: str = "") -> QueuedMessage:
    return QueuedMessage(purpose, email, user, "2026-11-24T12:30:00Z", "2026-11-24T12:30:00Z")


def text_of(mail: EmailMessage | None, kind: str = "plain") -> str:
    assert mail is not None
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_registration_message_has_a_valid_link(domain: AccountDomain, messages: MessageWriter) -> None:
    mail = messages.write(queued(REGISTER, user="ada"))
    assert mail is not None
    assert (mail["To"], mail["From"]) == ("ada@example.com", "Bokeh Cloud <noreply@example.org>")
    [link] = LINK.findall(text_of(mail))[:1]
    assert link in text_of(mail, "html")
    found = domain.links.redeem(link.removeprefix("https://cloud.example.org/login/"))
    assert found is not None
    assert (found.purpose, found.username) == (REGISTER, "ada")


def test_only_the_message_says_what_is_taken(domain: AccountDomain, messages: MessageWriter) -> None:
    domain.accounts.create("ada@example.com", "ada")
    known = messages.write(queued(REGISTER, user="eve"))
    taken = messages.write(queued(REGISTER, "eve@example.com", "ada"))
    assert known is not None
    assert taken is not None
    assert (known["Subject"], taken["Subject"]) == (SUBJECTS["account_exists"], SUBJECTS["username_taken"])
    assert "bko_" not in str(known) + str(taken)


def test_login_messages_are_sent_to_active_accounts_only(
    domain: AccountDomain, messages: MessageWriter
) -> None:
    assert messages.write(queued(LOGIN)) is None
    domain.accounts.create("ada@example.com", "ada")
    assert "bko_" in text_of(messages.write(queued(LOGIN)))
    domain.accounts.change("ada", disabled=True)
    assert messages.write(queued(LOGIN)) is None


def test_every_message_has_a_text_and_an_html_part(messages: MessageWriter) -> None:
    for name in SUBJECTS:
        mail = messages._message(name, "ada@example.com", "<ada>", "https://cloud.example.org/x")
        assert "https://cloud.example.org/x" in text_of(mail)
        assert "<ada>" not in text_of(mail, "html")


@pytest.mark.parametrize("email", ["ada@example.com\nBcc: eve@example.com", "ada@example.com\r\n\r\nhi"])
def test_headers_cannot_be_injected(messages: MessageWriter, email: str) -> None:
    with pytest.raises(ValueError, match=r"invalid|CR|newline"):
        messages._message("login", email, "ada", "x")


def test_messages_are_sent_by_smtp(messages: MessageWriter) -> None:
    box = Mailbox()
    with smtp_server(box) as port:
        mail = messages.write(queued(REGISTER, user="ada"))
        assert mail is not None
        SmtpTransport.from_url(f"smtp://127.0.0.1:{port}").send(mail)
    assert text_of(box.mails[0]).splitlines() == text_of(mail).splitlines()
    assert box.mails[0].get_content_type() == "multipart/alternative"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path),
            "-out", f"{path}.crt"]  # fmt: skip
    subprocess.run(make, check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def login(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (b"cloud", b"s3:cr/t"), handled=False)


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_messages_are_sent_by_smtp_with_tls_and_a_login(
    messages: MessageWriter, certificate: Path, scheme: str
) -> None:
    box, context = Mailbox(), server_context(certificate)
    how: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    if scheme == "smtps":
        how = {"ssl_context": context, "auth_require_tls": False}  # the connection uses TLS already
    trusting = ssl.create_default_context(cafile=str(certificate))
    mail = messages.write(queued(REGISTER, user="ada"))
    assert mail is not None
    with smtp_server(box, authenticator=login, auth_required=True, **how) as port:
        url = f"{scheme}://cloud:s3%3Acr%2Ft@127.0.0.1:{port}"
        SmtpTransport.from_url(url, trusting).send(mail)
        with pytest.raises(ssl.SSLError):  # a certificate that is not trusted
            SmtpTransport.from_url(url).send(mail)
        with pytest.raises(SMTPException):
            SmtpTransport.from_url(url.replace("s3", "wrong"), trusting).send(mail)
    assert len(box.mails) == 1


def test_starttls_is_required(messages: MessageWriter) -> None:
    mail = messages.write(queued(REGISTER, user="ada"))
    assert mail is not None
    with smtp_server(Mailbox()) as port, pytest.raises(SMTPNotSupportedError):
        SmtpTransport.from_url(f"smtp+starttls://127.0.0.1:{port}").send(mail)


@pytest.mark.parametrize(
    "url", ["", "http://x", "smtp://", "mail.example.com:25", "smtp://user:pw@mail.example.com"]
)
def test_invalid_urls_are_rejected(url: str) -> None:
    with pytest.raises(Invalid):
        SmtpTransport.from_url(url)


def test_the_password_is_not_in_the_repr() -> None:
    assert "pw" not in repr(SmtpTransport.from_url("smtps://user:pw@mail.example.com"))


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


def test_without_a_server_messages_are_written_to_a_private_folder(
    messages: MessageWriter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mail = messages.write(queued(REGISTER, user="ada"))
    assert mail is not None
    with caplog.at_level(logging.INFO):
        FileTransport(tmp_path / "a" / "outbox").send(mail)
    [file] = (tmp_path / "a" / "outbox").glob("*")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert "bko_" in file.read_text()
    assert str(file) in caplog.text
    assert "bko_" not in caplog.text


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
