"""Fixtures of the services' tests: the domain of accounts on a real storage, with a clock that tests turn."""

from datetime import UTC, datetime, timedelta

import pytest

from bokeh_auth.domain import Domain
from bokeh_auth.records import Records
from bokeh_common.storage import RecordStore, open_records


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def turn(self, **by: float) -> None:
        """Turn it on."""
        self.time += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    """Return a clock for `Domain.on`."""
    return Clock()


@pytest.fixture
def store(storage: str) -> RecordStore:
    """Return the empty storage of the auth service."""
    return open_records(storage, "auth")


@pytest.fixture
def domain(store: RecordStore, clock: Clock) -> Domain:
    """Return a domain without accounts."""
    return Domain.on(Records(store), clock)
