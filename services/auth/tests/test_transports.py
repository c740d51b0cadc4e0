"""Transports: SMTP, with a real server, and files in a folder."""

import logging
import ssl
import subprocess
from pathlib import Path
from smtplib import SMTPException, SMTPNotSupportedError
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from bokeh_auth.credentials.one_time_links import REGISTER
from bokeh_auth.mail.messages import MessageWriter
from bokeh_auth.mail.transports import FileTransport, SmtpTransport
from bokeh_common.errors import Invalid
from tests.support.mailbox import Mailbox, smtp_server

from .mail import queued, text_of


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
