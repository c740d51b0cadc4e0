"""Mail that is yet to be sent: notes in the storage, so that none is lost when a process ends.

A note says who asked for what. It holds no secret: the link is made when the mail is sent.
"""

import logging
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from smtplib import SMTPRecipientsRefused
from typing import Protocol

from bokeh_auth.records import Records
from bokeh_auth.times import Clock, now, past, stamp
from bokeh_common.errors import Conflict

log = logging.getLogger(__name__)

PAGE = 100
LEASE = timedelta(minutes=5)  # how long a process has for sending, before another one takes over
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=1)
KEPT = timedelta(hours=24)  # then nobody waits for the link any more
PERMANENT = 500  # SMTP replies from here on are final (RFC 5321, 4.2.1)


@dataclass(frozen=True)
class Note:
    """A mail to be sent; times are RFC 3339."""

    purpose: str
    email: str
    username: str
    asked: str
    due: str
    tries: int = 0


class Writer(Protocol):
    """Writes the mail that a note asks for."""

    def write(self, note: Note) -> EmailMessage | None:
        """Return the mail; None when there is nothing to send."""


class Sender(Protocol):
    """Takes mail to its reader, or to the next server."""

    def send(self, message: EmailMessage) -> None:
        """Send it; `OSError` or `SMTPException` when it has to be tried again."""


class Outbox:
    """The queue, and who works it off."""

    def __init__(self, records: Records, writer: Writer, sender: Sender, clock: Clock = now) -> None:
        self._records = records
        self._writer = writer
        self._sender = sender
        self._clock = clock

    def add(self, purpose: str, email: str, username: str) -> None:
        """Ask for a mail."""
        time = stamp(self._clock())
        self._records.add_mail(secrets.token_hex(8), asdict(Note(purpose, email, username, time, time)))

    def deliver(self) -> int:
        """Send what is due; return how many mails were sent."""
        sent, after = 0, ""
        while page := self._records.mails(after, PAGE):
            for name, value, etag in page:
                if past(value["due"], self._clock()):
                    sent += self._deliver(name, Note(**value), etag)
            after = page[-1][0]
        return sent

    def _deliver(self, name: str, note: Note, etag: str) -> bool:
        claimed = replace(note, due=stamp(self._clock() + LEASE), tries=note.tries + 1)
        try:
            etag = self._records.change_mail(name, asdict(claimed), etag)
        except Conflict:
            return False  # another process sends it
        try:
            message = self._writer.write(note)
            if message is not None:
                self._sender.send(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not keep the other mails from going
            self._failed(name, claimed, etag, error)
            return False
        self._records.delete_mail(name)
        return message is not None

    def _failed(self, name: str, note: Note, etag: str, error: Exception) -> None:
        # Neither the address nor what the server said of it: that is nobody's business who reads logs.
        kind = type(error).__name__
        if _is_final(error) or past(note.asked, self._clock() - KEPT):
            log.error("Mail %s was given up after %d tries: %s", name, note.tries, kind)
            self._records.delete_mail(name)
            return
        wait = min(FIRST_WAIT * 2 ** (note.tries - 1), LONGEST_WAIT)
        log.warning("Mail %s was not sent (%s); again in %d s", name, kind, wait.total_seconds())
        with suppress(Conflict):
            self._records.change_mail(name, asdict(replace(note, due=stamp(self._clock() + wait))), etag)


def _is_final(error: Exception) -> bool:
    """Whether the server will never take mail to this reader."""
    if not isinstance(error, SMTPRecipientsRefused):
        return False
    return all(code >= PERMANENT for code, _ in error.recipients.values())
