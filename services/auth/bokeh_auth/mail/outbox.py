"""The outbox: the queue of messages still to be sent, which survives the end of a process.

It contains no secrets: the link of a message is created when the message is sent.
"""

import logging
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from smtplib import SMTPRecipientsRefused
from typing import Protocol

from bokeh_auth.repository import AuthRepository
from bokeh_common.errors import Conflict
from bokeh_common.timestamps import Clock, format_timestamp, is_past, now

log = logging.getLogger(__name__)

PAGE = 100
LEASE = timedelta(minutes=5)  # how long a process may take to send a message, before another one tries
FIRST_WAIT = timedelta(seconds=15)
MAX_WAIT = timedelta(hours=1)
MAX_AGE = timedelta(hours=24)  # after that, no one waits for the link any more
PERMANENT = 500  # SMTP replies from here on are permanent (RFC 5321, 4.2.1)


@dataclass(frozen=True)
class QueuedMessage:
    """A message to be sent; times are RFC 3339."""

    purpose: str
    email: str
    username: str
    asked: str
    due: str
    tries: int = 0


class MessageSource(Protocol):
    """Writes messages."""

    def write(self, queued: QueuedMessage) -> EmailMessage | None:
        """Return a message; None if there is nothing to send."""


class Transport(Protocol):
    """Sends messages."""

    def send(self, message: EmailMessage) -> None:
        """Send a message; `OSError` or `SMTPException` if it has to be sent again later."""


class Outbox:
    """The outbox."""

    def __init__(
        self, repository: AuthRepository, source: MessageSource, transport: Transport, clock: Clock = now
    ) -> None:
        self._repository = repository
        self._source = source
        self._transport = transport
        self._clock = clock

    def add(self, purpose: str, email: str, username: str) -> None:
        """Add a message."""
        time = format_timestamp(self._clock())
        queued = QueuedMessage(purpose, email, username, asked=time, due=time)
        self._repository.add_message(secrets.token_hex(8), asdict(queued))

    def deliver(self) -> int:
        """Send the messages that are due; return how many were sent."""
        sent, after = 0, ""
        while page := self._repository.messages(after, PAGE):
            for name, value, etag in page:
                queued = QueuedMessage(**value)
                if self._is_due(queued):
                    sent += self._deliver(name, queued, etag)
            after = page[-1][0]
        return sent

    def _is_due(self, queued: QueuedMessage) -> bool:
        """Whether to send a message now; times that a clock wrote before it was set back do not count."""
        time = self._clock()
        was_set_back = not is_past(queued.due, time + MAX_WAIT)  # no wait is that long
        return queued.tries == 0 or is_past(queued.due, time) or was_set_back

    def _deliver(self, name: str, queued: QueuedMessage, etag: str) -> bool:
        due = format_timestamp(self._clock() + LEASE)
        claimed = replace(queued, due=due, tries=queued.tries + 1)
        try:
            etag = self._repository.change_message(name, asdict(claimed), etag)
        except Conflict:
            return False  # another process sends it
        try:
            message = self._source.write(queued)
            if message is not None:
                self._transport.send(message)
        except Exception as error:  # noqa: BLE001 - no error may keep the other messages from being sent
            self._handle_failure(name, claimed, etag, error)
            return False
        self._repository.delete_message(name)
        return message is not None

    def _handle_failure(self, name: str, queued: QueuedMessage, etag: str, error: Exception) -> None:
        # Neither the address nor the reply of the server is logged: they are private.
        kind = type(error).__name__
        if _is_permanent(error) or is_past(queued.asked, self._clock() - MAX_AGE):
            log.error("Mail %s was given up after %d tries: %s", name, queued.tries, kind)
            self._repository.delete_message(name)
            return
        wait = min(FIRST_WAIT * 2 ** (queued.tries - 1), MAX_WAIT)
        log.warning("Mail %s was not sent (%s); next try in %d s", name, kind, wait.total_seconds())
        due = format_timestamp(self._clock() + wait)
        with suppress(Conflict):
            self._repository.change_message(name, asdict(replace(queued, due=due)), etag)


def _is_permanent(error: Exception) -> bool:
    """Whether the server will never accept mail to this address."""
    if not isinstance(error, SMTPRecipientsRefused):
        return False
    return all(code >= PERMANENT for code, _ in error.recipients.values())
