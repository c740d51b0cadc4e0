"""Messages in the outbox, and the text of what is sent."""

from email.message import EmailMessage

from bokeh_auth.mail.outbox import QueuedMessage


def queued(purpose: str, email: str = "ada@example.com", user: str = "") -> QueuedMessage:
    return QueuedMessage(purpose, email, user, "2026-11-24T12:30:00Z", "2026-11-24T12:30:00Z")


def text_of(mail: EmailMessage | None, kind: str = "plain") -> str:
    assert mail is not None
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())
