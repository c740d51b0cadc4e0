"""The ledger: everything that the cloud has acknowledged, so that it must still be there after a fault."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.integration.test_api_spec.caller import Caller

#: A service is down or cannot reach another one or its storage.
OUTAGE_STATUSES = {502, 503, 504}

#: Another request won, or the outcome of an earlier attempt is unknown, or data was collected meanwhile.
RETRIED_STATUSES = {409, 412, 422}


class NotAcknowledged(Exception):
    """The cloud has not acknowledged a request, which may or may not have been executed."""


class FaultyCaller(Caller):
    """A program that distinguishes acknowledged requests, those that were not, and errors."""

    def __call__(self, method: str, path: str, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request.

        Raises:
            NotAcknowledged: it may be sent again.
        """
        try:
            response = super().__call__(method, path, *arguments, **options)
        except requests.RequestException as error:
            raise NotAcknowledged(str(error)) from error
        if response.status_code in OUTAGE_STATUSES | RETRIED_STATUSES:
            raise NotAcknowledged(f"{response.status_code} {response.text[:200]}")
        return response


@dataclass(frozen=True)
class PublishedVersion:
    """A version of a plot: its id, its number, and the text and the values that it shows."""

    plot: str
    version: int
    text: str
    values: tuple[float, ...]


@dataclass
class Ledger:
    """What the cloud has acknowledged.

    Attributes:
        versions: the versions of plots.
        rows: the appended values, by data source, in their order.
        mails: the addresses to which a mail has to be sent.
        runs: how often the garbage collector ran.
        refused: how often requests were not acknowledged, by reason.
        failures: responses that no fault excuses.
    """

    versions: list[PublishedVersion] = field(default_factory=list)
    rows: dict[str, list[float]] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)
    runs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledged(self) -> dict[str, int]:
        """Return how much of each kind has been acknowledged."""
        with self.lock:
            rows = sum(map(len, self.rows.values()))
            return {
                "versions": len(self.versions), "rows": rows, "mails": len(self.mails), "runs": self.runs,
            }  # fmt: skip
