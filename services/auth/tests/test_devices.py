"""Requests of programs to be logged in: their life, with a clock."""

from datetime import UTC, datetime, timedelta

import pytest

from bokeh_auth.container import AccountDomain
from bokeh_auth.login.device_repository import DeviceRepository
from bokeh_auth.login.devices import Approver, DeviceLogins
from bokeh_auth.rate_limits import RateLimits
from bokeh_common.errors import Forbidden, NotFound
from bokeh_common.http.rate_limits import RateLimiter
from bokeh_common.storage import open_records

SCOPES = ("plots:read",)


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.time = datetime(2027, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


class Case:
    """An account, and logins of programs, with one clock."""

    def __init__(self, storage: str) -> None:
        records, self.clock = open_records(storage, "auth"), Clock()
        self.domain = AccountDomain.on_storage(records, self.clock)
        self.domain.accounts.create("ada@example.com", "ada")
        self.repository = DeviceRepository(records)
        limits = RateLimits(RateLimiter(None))
        self.devices = DeviceLogins(
            self.repository, self.domain.accounts, self.domain.keys, limits, self.clock
        )
        self.ada = Approver("ada", frozenset(SCOPES), "127.0.0.1")

    def ask(self) -> tuple[str, str]:
        return self.devices.ask("a program", "a machine", "127.0.0.1", SCOPES, 30)[:2]

    def pass_time(self, **duration: float) -> None:
        self.clock.time += timedelta(**duration)


@pytest.fixture
def case(storage: str) -> Case:
    return Case(storage)


def test_a_key_is_made_once_and_expires(case: Case) -> None:
    device_code, user_code = case.ask()
    case.devices.answer(user_code, case.ada, allow=True)
    answer, _, secret = case.devices.poll(device_code)
    assert answer == "granted"
    [key] = case.domain.keys.page("ada", "", 10)
    assert (key.scopes, key.expires) == (SCOPES, "2027-01-31T00:00:00Z")
    assert case.domain.credentials.verify(secret) is not None
    assert case.devices.poll(device_code)[0] == "expired"
    assert len(case.domain.keys.page("ada", "", 10)) == 1
    assert secret not in str(case.repository.page("devices", "", 10))


def test_codes_live_for_ten_minutes(case: Case) -> None:
    device_code, user_code = case.ask()
    case.pass_time(minutes=10, seconds=1)
    assert case.devices.poll(device_code)[0] == "expired"
    with pytest.raises(NotFound, match="older than ten minutes"):
        case.devices.answer(user_code, case.ada, allow=True)
    assert case.devices.purge() == 2


def test_polling_too_fast_makes_the_interval_longer(case: Case) -> None:
    device_code, _ = case.ask()
    answers = []
    for seconds in (5, 5, 1, 5, 10):
        case.pass_time(seconds=seconds)
        answers.append(case.devices.poll(device_code)[0])
    assert answers == ["pending", "pending", "slow_down", "slow_down", "slow_down"]
    case.pass_time(seconds=20)
    assert case.devices.poll(device_code)[0] == "pending"


def test_an_account_grants_no_more_than_it_has(case: Case) -> None:
    _, user_code, _ = case.devices.ask("a", "b", "127.0.0.1", ("plots:read", "keys:write"), 30)
    with pytest.raises(Forbidden, match="keys:write"):
        case.devices.answer(user_code, case.ada, allow=True)


def test_signing_out_everywhere_ends_a_login_in_progress(case: Case) -> None:
    device_code, user_code = case.ask()
    case.devices.answer(user_code, case.ada, allow=True)
    case.domain.accounts.next_epoch("ada")
    assert case.devices.poll(device_code)[0] == "denied"
    assert case.domain.keys.page("ada", "", 10) == []


def test_a_key_does_not_outlive_the_one_that_allowed_it(case: Case) -> None:
    device_code, user_code = case.ask()
    until = "2027-01-02T00:00:00Z"
    approver = Approver("ada", frozenset(SCOPES), "127.0.0.1", until)
    case.devices.answer(user_code, approver, allow=True)
    assert case.devices.poll(device_code)[0] == "granted"
    assert case.domain.keys.page("ada", "", 10)[0].expires == until
