"""Mail: what it says, that none is lost, and that it gets through a real SMTP server."""

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

from bokeh_auth.domain import Domain
from bokeh_auth.letters import SUBJECTS, Letters
from bokeh_auth.links import LOGIN, REGISTER
from bokeh_auth.outbox import Note, Outbox
from bokeh_auth.post import Folder, SmtpServer
from bokeh_auth.worker import Chore, Worker
from bokeh_common.errors import Invalid
from bokeh_common.storage import RecordStore
from tests.mailbox import Mailbox, smtp_server

LINK = re.compile(r"https://cloud\.example\.org/\S*")


@pytest.fixture
def letters(domain: Domain) -> Letters:
    return Letters(domain.accounts, domain.links, "https://cloud.example.org/", "noreply@example.org")


def note(purpose: str, email: str = "ada@example.com", user: str = "") -> Note:
    return Note(purpose, email, user, "2026-11-24T12:30:00Z", "2026-11-24T12:30:00Z")


def text_of(mail: EmailMessage | None, kind: str = "plain") -> str:
    assert mail is not None
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_registration_mail_has_a_link_that_works(domain: Domain, letters: Letters) -> None:
    mail = letters.write(note(REGISTER, user="ada"))
    assert mail is not None
    assert (mail["To"], mail["From"]) == ("ada@example.com", "Bokeh Cloud <noreply@example.org>")
    [link] = LINK.findall(text_of(mail))[:1]
    assert link in text_of(mail, "html")
    found = domain.links.use(link.removeprefix("https://cloud.example.org/login/"))
    assert found is not None
    assert (found.purpose, found.username) == (REGISTER, "ada")


def test_what_is_taken_is_said_in_the_mail_alone(domain: Domain, letters: Letters) -> None:
    domain.accounts.create("ada@example.com", "ada")
    known = letters.write(note(REGISTER, user="eve"))
    taken = letters.write(note(REGISTER, "eve@example.com", "ada"))
    assert known is not None
    assert taken is not None
    assert (known["Subject"], taken["Subject"]) == (SUBJECTS["known"], SUBJECTS["taken"])
    assert "bko_" not in str(known) + str(taken)


def test_login_mail_goes_to_those_who_have_an_account(domain: Domain, letters: Letters) -> None:
    assert letters.write(note(LOGIN)) is None
    domain.accounts.create("ada@example.com", "ada")
    assert "bko_" in text_of(letters.write(note(LOGIN)))
    domain.accounts.change("ada", disabled=True)
    assert letters.write(note(LOGIN)) is None


def test_every_letter_is_written_twice(letters: Letters) -> None:
    for name in SUBJECTS:
        mail = letters._letter(name, "ada@example.com", "<ada>", "https://cloud.example.org/x")
        assert "https://cloud.example.org/x" in text_of(mail)
        assert "<ada>" not in text_of(mail, "html")


@pytest.mark.parametrize("email", ["ada@example.com\nBcc: eve@example.com", "ada@example.com\r\n\r\nhi"])
def test_headers_cannot_be_injected(letters: Letters, email: str) -> None:
    with pytest.raises(ValueError, match=r"invalid|CR|newline"):
        letters._letter("login", email, "ada", "x")


def test_over_plain_smtp(letters: Letters) -> None:
    box = Mailbox()
    with smtp_server(box) as port:
        mail = letters.write(note(REGISTER, user="ada"))
        assert mail is not None
        SmtpServer.from_url(f"smtp://127.0.0.1:{port}").send(mail)
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
def test_over_tls_with_a_login(letters: Letters, certificate: Path, scheme: str) -> None:
    box, context = Mailbox(), server_context(certificate)
    how: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    if scheme == "smtps":
        how = {"ssl_context": context, "auth_require_tls": False}  # it is inside TLS already
    trusting = ssl.create_default_context(cafile=str(certificate))
    mail = letters.write(note(REGISTER, user="ada"))
    assert mail is not None
    with smtp_server(box, authenticator=login, auth_required=True, **how) as port:
        url = f"{scheme}://cloud:s3%3Acr%2Ft@127.0.0.1:{port}"
        SmtpServer.from_url(url, trusting).send(mail)
        with pytest.raises(ssl.SSLError):  # a certificate that nobody vouches for
            SmtpServer.from_url(url).send(mail)
        with pytest.raises(SMTPException):
            SmtpServer.from_url(url.replace("s3", "wrong"), trusting).send(mail)
    assert len(box.mails) == 1


def test_starttls_is_never_left_out(letters: Letters) -> None:
    mail = letters.write(note(REGISTER, user="ada"))
    assert mail is not None
    with smtp_server(Mailbox()) as port, pytest.raises(SMTPNotSupportedError):
        SmtpServer.from_url(f"smtp+starttls://127.0.0.1:{port}").send(mail)


@pytest.mark.parametrize(
    "url", ["", "http://x", "smtp://", "mail.example.com:25", "smtp://user:pw@mail.example.com"]
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(Invalid):
        SmtpServer.from_url(url)


def test_password_is_in_no_repr() -> None:
    assert "pw" not in repr(SmtpServer.from_url("smtps://user:pw@mail.example.com"))


def test_outbox_keeps_mail_while_the_server_is_down(
    domain: Domain, store: RecordStore, letters: Letters, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    box = Mailbox()
    with smtp_server(box) as port:
        pass  # it goes down, and its port stays ours to use
    outbox = Outbox(domain.records, letters, SmtpServer.from_url(f"smtp://127.0.0.1:{port}"), clock)
    outbox.add(REGISTER, "ada@example.com", "ada")
    assert outbox.deliver() == 0
    assert len(store.list("outbox/")) == 1
    again = Outbox(
        domain.records, letters, SmtpServer.from_url(f"smtp://127.0.0.1:{port}"), clock
    )  # a restart
    with smtp_server(box, port):
        assert again.deliver() == 0  # not yet due
        clock.turn(seconds=15)
        assert again.deliver() == 1
    assert store.list("outbox/") == []
    assert len(box.mails) == 1
    assert "ada@" not in caplog.text
    assert "bko_" not in caplog.text


def test_waits_grow_and_end(domain: Domain, store: RecordStore, letters: Letters, clock: Any) -> None:
    outbox, times = Outbox(domain.records, letters, Broken(OSError()), clock), list[datetime]()
    outbox.add(REGISTER, "ada@example.com", "ada")
    while store.list("outbox/") and len(times) < 100:
        outbox.deliver()
        times.append(clock())
        clock.turn(seconds=15)
        while (
            store.list("outbox/") and store.list("outbox/")[0].value["due"] > f"{clock():%Y-%m-%dT%H:%M:%SZ}"
        ):
            clock.turn(seconds=15)
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
def test_a_reader_who_is_refused_for_good(
    domain: Domain, store: RecordStore, letters: Letters, clock: Any, code: int, left: int
) -> None:
    error = SMTPRecipientsRefused({"ada@example.com": (code, b"no")})
    outbox = Outbox(domain.records, letters, Broken(error), clock)
    outbox.add(REGISTER, "ada@example.com", "ada")
    outbox.deliver()
    assert len(store.list("outbox/")) == left


def test_one_mail_does_not_keep_the_others(
    domain: Domain, store: RecordStore, letters: Letters, clock: Any
) -> None:
    class Choosy:
        sent = 0

        def send(self, message: EmailMessage) -> None:
            if message["To"] == "bad@example.com":
                raise ValueError("a fault of ours")
            self.sent += 1

    outbox = Outbox(domain.records, letters, Choosy(), clock)
    for name in ("bad", "ada", "bob", "carol"):
        outbox.add(REGISTER, f"{name}@example.com", name)
    assert outbox.deliver() == 3
    assert len(store.list("outbox/")) == 1


def test_a_process_that_died_while_sending(
    domain: Domain, store: RecordStore, letters: Letters, clock: Any
) -> None:
    class Dying:
        def send(self, message: EmailMessage) -> None:
            raise KeyboardInterrupt

    Outbox(domain.records, letters, Dying(), clock).add(REGISTER, "ada@example.com", "ada")
    with pytest.raises(KeyboardInterrupt):
        Outbox(domain.records, letters, Dying(), clock).deliver()
    box = Mailbox()
    with smtp_server(box) as port:
        other = Outbox(domain.records, letters, SmtpServer.from_url(f"smtp://127.0.0.1:{port}"), clock)
        assert other.deliver() == 0  # the first one may still be at it
        clock.turn(minutes=5)
        assert other.deliver() == 1


def test_no_secret_waits_in_the_outbox(
    domain: Domain, store: RecordStore, letters: Letters, clock: Any
) -> None:
    Outbox(domain.records, letters, Broken(OSError()), clock).add(LOGIN, "ada@example.com", "")
    assert "bko_" not in str([record.value for record in store.list("outbox/")])


def test_without_a_server_mail_is_in_a_private_folder(
    letters: Letters, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mail = letters.write(note(REGISTER, user="ada"))
    assert mail is not None
    with caplog.at_level(logging.INFO):
        Folder(tmp_path / "a" / "outbox").send(mail)
    [file] = (tmp_path / "a" / "outbox").glob("*")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert "bko_" in file.read_text()
    assert str(file) in caplog.text
    assert "bko_" not in caplog.text


def test_mail_is_sent_when_the_worker_is_woken_whatever_else_fails(domain: Domain, letters: Letters) -> None:
    box = Mailbox()
    with smtp_server(box) as port:
        outbox = Outbox(domain.records, letters, SmtpServer.from_url(f"smtp://127.0.0.1:{port}"))
        worker = Worker([Chore("Mail", outbox.deliver, 60), Chore("Nothing", lambda: 1 / 0, 60)])
        worker.start()
        time.sleep(0.1)
        outbox.add(REGISTER, "ada@example.com", "ada")
        worker.wake()
        for _ in range(200):
            if box.mails:
                break
            time.sleep(0.02)
        worker.stop()
    assert len(box.mails) == 1
