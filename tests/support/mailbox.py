"""An SMTP server that keeps the messages it receives."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Protocol

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.support.ports import free_port

HOLD_SECONDS = 0.01


class Inbox(Protocol):
    """Messages that a mail server received."""

    @property
    def mails(self) -> Sequence[EmailMessage]:
        """The messages, oldest first."""


class Mailbox:
    """The messages that `smtp_server` received.

    Attributes:
        mails: the messages, oldest first.
        answers: SMTP replies to the next messages, which are then not kept; empty accepts them.
        held: messages that have been received and not answered, while `holding`.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.held = 0
        self._holds = False

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Do not answer messages that arrive during the block, and lose them."""
        self._holds = True
        try:
            yield
        finally:
            self._holds, self.held = False, 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Receive a message."""
        if self._holds:
            return await self._hold()
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"

    async def _hold(self) -> str:
        self.held += 1
        while self._holds:
            await asyncio.sleep(HOLD_SECONDS)
        return "451 try again"


@contextmanager
def smtp_server(mailbox: Mailbox, port: int = 0, **options: Any) -> Iterator[int]:
    """Start an SMTP server on a port of loopback, and yield the port; `options` are those of aiosmtpd."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
