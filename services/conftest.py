"""Fixtures of the services' tests: the domain of accounts on a real storage, with a clock of the test."""

from datetime import UTC, datetime, timedelta

import pytest

from bokeh_auth.container import AccountDomain
from bokeh_common.storage import RecordStore, open_records


class Clock:
    """A clock that stands still until a test advances it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def advance(self, **span: float) -> None:
        """Advance the clock by a span of time; arguments are those of `timedelta`."""
        self.time += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    """Return a clock for `AccountDomain.on_storage`."""
    return Clock()


@pytest.fixture
def store(storage: str) -> RecordStore:
    """Return the empty storage of the auth service."""
    return open_records(storage, "auth")


@pytest.fixture
def domain(store: RecordStore, clock: Clock) -> AccountDomain:
    """Return a domain without accounts."""
    return AccountDomain.on_storage(store, clock)
