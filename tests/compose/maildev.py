"""The messages in maildev, the mail server of a cloud in containers without one of its own."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import requests

HOST = "mail.localhost"
TIMEOUT = 30


@dataclass(frozen=True)
class Maildev:
    """The messages that the cloud behind a gateway sent."""

    url: str

    @property
    def mails(self) -> Sequence[EmailMessage]:
        """The messages, oldest first."""
        base, listed = self._list()
        return [self._mail(f"{base}/{mail['id']}/source") for mail in listed]

    def _list(self) -> tuple[str, list[dict[str, Any]]]:
        for base in ("/api/email", "/email"):  # maildev 3, maildev 2
            response = self._get(base)
            if response.ok and isinstance(response.json(), list):
                return base, response.json()
        raise AssertionError(f"maildev responds {response.status_code}: {response.text[:200]}")

    def _mail(self, path: str) -> EmailMessage:
        response = self._get(path)
        response.raise_for_status()
        return message_from_bytes(response.content, policy=policy.default)

    def _get(self, path: str) -> requests.Response:
        # Browsers resolve all names under localhost to this machine; not every resolver does.
        return requests.get(self.url + path, headers={"Host": HOST}, timeout=TIMEOUT)


def given_mailbox() -> Maildev:
    """Return the mailbox of the cloud at `CLOUD_URL`, by default at the port of compose.yaml."""
    return Maildev(os.environ.get("CLOUD_MAILBOX") or "http://localhost:8090")
