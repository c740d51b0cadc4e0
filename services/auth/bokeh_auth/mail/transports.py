"""Transports: how messages leave, to an SMTP server, or into a folder if there is none."""

import logging
import os
import secrets
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from ipaddress import ip_address
from pathlib import Path
from smtplib import SMTPException
from urllib.parse import unquote, urlsplit

from bokeh_common.environment import check_url
from bokeh_common.errors import Invalid

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20.0
SETTING = "BOKEH_CLOUD_SMTP_URL"
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True)
class SmtpTransport:
    """An SMTP server (RFC 5321); its scheme is `smtp`, `smtp+starttls` (RFC 3207) or `smtps` (RFC 8314)."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_url(cls, url: str, context: ssl.SSLContext | None = None) -> "SmtpTransport":
        """Return the transport for a URL such as `smtp+starttls://user:password@mail.example.com:587`.

        Raises:
            Invalid: the URL is not valid, or a password would be sent unencrypted to another machine.
        """
        check_url(SETTING, url, [*PORTS])
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.username and parts.scheme == "smtp" and not _is_loopback(host):
            raise Invalid(
                f"{SETTING} has a password, so it needs smtp+starttls:// or smtps://: "
                "smtp:// would not encrypt it."
            )
        return cls(
            scheme=parts.scheme,
            host=host,
            port=parts.port or PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            context=context,
        )

    def send(self, message: EmailMessage) -> None:
        """Send a message; `OSError` or `SMTPException` if the server has not accepted it."""
        context = self.context or ssl.create_default_context()
        connection = self._connect(context)
        try:
            if self.scheme == "smtp+starttls":
                connection.starttls(context=context)  # raises if the server does not support it
            if self.user is not None:
                connection.login(self.user, self.password or "")
            connection.send_message(message)
            with suppress(SMTPException, OSError):  # the server has accepted the message already
                connection.quit()
        finally:
            connection.close()  # without QUIT, which would wait for a reply on a broken connection

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.scheme == "smtps":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True)
class FileTransport:
    """A folder of `.eml` files that only its owner can read, since they contain login links."""

    path: Path

    def send(self, message: EmailMessage) -> None:
        """Write a message into a new file, and log its path."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = secrets.token_hex(8)
        temporary, final = self.path / f".{name}", self.path / f"{name}.eml"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes(policy=SMTP))
        temporary.rename(final)
        log.warning("No mail server is set (BOKEH_CLOUD_SMTP_URL): a mail was written to %s", final)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
