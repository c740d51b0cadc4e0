"""The mailbox of a cloud that is tried out: maildev, behind the gateway."""

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
    """The mail of the cloud behind a gateway."""

    url: str

    @property
    def mails(self) -> Sequence[EmailMessage]:
        """What has arrived, oldest first."""
        base, listed = self._list()
        return [self._mail(f"{base}/{mail['id']}/source") for mail in listed]

    def _list(self) -> tuple[str, list[dict[str, Any]]]:
        for base in ("/api/email", "/email"):  # of maildev 3, and of maildev 2
            answer = self._get(base)
            if answer.ok and isinstance(answer.json(), list):
                return base, answer.json()
        raise AssertionError(f"the mailbox answers {answer.status_code}: {answer.text[:200]}")

    def _mail(self, path: str) -> EmailMessage:
        answer = self._get(path)
        answer.raise_for_status()
        return message_from_bytes(answer.content, policy=policy.default)

    def _get(self, path: str) -> requests.Response:
        # Browsers know that every name under localhost is this machine; not every resolver does.
        return requests.get(self.url + path, headers={"Host": HOST}, timeout=TIMEOUT)
