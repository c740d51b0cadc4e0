"""Deleting an account: nothing of it is left, whatever crashes in between, and others do not notice."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

import embedded
from bokeh_auth.closing import Closing
from bokeh_auth.credentials import SHARE
from bokeh_auth.peers import Keepers
from bokeh_auth.scopes import SCOPES
from bokeh_common.errors import Conflict, Unavailable
from operating import admin
from tests.accounts import Cloud


@pytest.fixture
def cloud(storage: str, tmp_path: Any) -> Cloud:
    return Cloud(storage, tmp_path / "outbox")


@pytest.fixture
def key(cloud: Cloud) -> str:
    """A key of an account that has something of everything."""
    key = cloud.key("ada")
    for user, own in (("ada", key), ("bob", cloud.key("bob"))):
        plot = cloud.publish(user, own, "one", "first")
        cloud.publish(user, own, "one", "second")
        cloud.upload(user, own, b"shared" * 100)
        cloud.domain.shares.make(user, plot, None, [])
        cloud.domain.sessions.start(cloud.domain.accounts.get(user), "Firefox")
    cloud.append("ada", key, cloud.upload("ada", key, b"mine alone" * 10, live=True), [1, 2])
    return key


def close(cloud: Cloud, key: str) -> Any:
    return cloud.ask("DELETE", "/ada/account?confirm=ada", key)


def closing(cloud: Cloud, keepers: Any = None, later: timedelta = timedelta(0)) -> Closing:
    domain = cloud.domain
    real = Keepers(*embedded.keepers(cloud.storage))
    parts = domain.records, domain.accounts, domain.vault, domain.audit
    return Closing(*parts, keepers or real, lambda: datetime.now(UTC) + later)


#: What says that the name is taken for good, and, for some minutes, that there may be something left.
KEPT = {"accounts/ada", "looks/ada", "closing/ada"}


def left(cloud: Cloud) -> list[str]:
    return [name for name in cloud.keys_of("ada") if name not in KEPT]


def test_everything_goes_and_is_counted(cloud: Cloud, key: str) -> None:
    before = cloud.keys_of("bob")
    answer = close(cloud, key)
    assert answer.status_code == 200
    freed = answer.json["freed"]
    assert freed["bytes"] >= 700
    assert [freed[name] for name in ("plots", "sources", "keys", "shares", "sessions")] == [1, 2, 1, 1, 1]
    assert left(cloud) == []
    assert cloud.keys_of("bob") == before
    assert cloud.ask("GET", "/ada/account", key).status_code == 401
    bob = cloud.key("bob")
    [source, *_] = cloud.ask("GET", "/bob/data", bob).json["sources"]
    column = source["columns"]["x"]["hash"]
    assert cloud.ask("GET", f"/bob/data/columns/{column}", bob).content == b"shared" * 100


def test_the_name_is_never_given_again_and_the_address_is(cloud: Cloud, key: str) -> None:
    close(cloud, key)
    for name in ("ada", "ADA", "acla"):  # the last one looks like it
        with pytest.raises(Conflict) as taken:
            cloud.domain.accounts.create("new@example.com", name)
        assert taken.value.kind == "username-taken"
    assert cloud.domain.accounts.create("ada@example.com", "lovelace").active


@pytest.mark.parametrize("query", ["", "?confirm=", "?confirm=bob", "?confirm=ADA"])
def test_it_has_to_be_confirmed(cloud: Cloud, key: str, query: str) -> None:
    answer = cloud.ask("DELETE", f"/ada/account{query}", key)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/not-confirmed")
    assert cloud.ask("GET", "/ada/account", key).status_code == 200


def test_it_takes_a_key_with_all_scopes(cloud: Cloud, key: str) -> None:
    for scope in SCOPES:
        poor = cloud.key("ada", *(set(SCOPES) - {scope}))
        assert close(cloud, poor).status_code == 403, scope
    assert close(cloud, cloud.key("bob")).status_code == 404
    _, share = cloud.domain.shares.make("ada", "x" * 16, None, [])
    assert close(cloud, share).status_code == 404
    assert cloud.ask("GET", "/ada/account", key).status_code == 200


class Crash(BaseException):
    """What ends a process."""


class Crashing:
    """The real services, until some steps are done."""

    def __init__(self, cloud: Cloud, steps: int, error: BaseException) -> None:
        self._keepers = Keepers(*embedded.keepers(cloud.storage))
        self._steps = steps
        self._error = error

    def erase(self, user: str) -> Any:
        steps = self._keepers.erase(user)
        for _ in range(self._steps):
            yield next(steps)
        raise self._error


@pytest.mark.parametrize("steps", [0, 1])
def test_a_crash_in_between_is_made_up_for(cloud: Cloud, key: str, steps: int) -> None:
    with pytest.raises(Crash):
        closing(cloud, Crashing(cloud, steps, Crash())).close("ada", "", "")
    assert cloud.ask("GET", "/ada/account", key).status_code == 401  # nothing opens it any more
    assert left(cloud) != []
    assert closing(cloud).resume() == 0  # another process may be at it
    assert closing(cloud, later=timedelta(minutes=2)).resume() == 1
    assert left(cloud) == []
    note = cloud.domain.records.closing("ada")
    assert note is not None
    assert (note[0]["emptied"], note[0]["freed"]["sources"]) == (True, 2)


def test_a_service_that_is_down_is_waited_for(cloud: Cloud, key: str) -> None:
    down = Crashing(cloud, 0, Unavailable("down"))
    with pytest.raises(Unavailable):
        closing(cloud, down).close("ada", "", "")
    assert closing(cloud, down, timedelta(minutes=2)).resume() == 0
    assert closing(cloud, later=timedelta(minutes=4)).resume() == 1
    assert left(cloud) == []


def test_one_that_cannot_be_finished_does_not_hold_up_others(cloud: Cloud, key: str) -> None:
    class Busy(Crashing):
        def erase(self, user: str) -> Any:
            if user == "ada":
                raise Conflict("it changes all the time")
            return self._keepers.erase(user)

    busy = Busy(cloud, 0, Crash())
    with pytest.raises(Conflict):
        closing(cloud, busy).close("ada", "", "")
    with pytest.raises(Crash):
        closing(cloud, Crashing(cloud, 0, Crash())).close("bob", "", "")
    assert closing(cloud, busy, timedelta(minutes=2)).resume() == 1
    assert cloud.keys_of("bob") == ["accounts/bob", "closing/bob", "looks/bob"]


def test_what_was_under_way_is_swept_up(cloud: Cloud, key: str) -> None:
    close(cloud, key)
    late = cloud.key("ada")  # as a process made it that had looked at the account before
    assert left(cloud) != []
    assert closing(cloud, later=timedelta(minutes=9)).resume() == 0
    assert closing(cloud, later=timedelta(minutes=10)).resume() == 1
    assert left(cloud) == []
    assert cloud.domain.records.closing("ada") is None
    assert cloud.domain.vault.open(late) is None


def test_the_freed_address_of_another_stays_theirs(cloud: Cloud, key: str) -> None:
    close(cloud, key)
    cloud.domain.accounts.create("ada@example.com", "lovelace")
    closing(cloud, later=timedelta(minutes=10)).resume()
    owner = cloud.domain.accounts.of_email("ada@example.com")
    assert owner is not None
    assert owner.user_id == "lovelace"


def test_the_operator_deletes_over_the_storage(cloud: Cloud, key: str) -> None:
    before = cloud.keys_of("bob")
    command = ["--storage", cloud.storage, "users", "delete", "ada"]
    asked = CliRunner().invoke(admin, command, input="n\n")
    assert asked.exit_code == 1
    assert cloud.domain.accounts.get("ada").active
    result = CliRunner().invoke(admin, [*command, "--yes"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["freed"]["sources"] == 2
    assert left(cloud) == []
    assert cloud.keys_of("bob") == before
    assert "ada    " in CliRunner().invoke(admin, ["--storage", cloud.storage, "users", "list"]).output
    again = CliRunner().invoke(admin, [*command, "--yes"])
    assert json.loads(again.stdout)["freed"].get("bytes", 0) in {
        0,
        json.loads(result.stdout)["freed"]["bytes"],
    }
    assert CliRunner().invoke(admin, ["--storage", cloud.storage, "users", "delete", "no"]).exit_code == 1


def test_shares_beyond_a_page_go_too(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokeh_auth.vault.PAGE", 2)
    for i in range(5):
        cloud.domain.vault.issue(SHARE, "ada", str(i), ("plots:read",), None, only="x")
    assert close(cloud, cloud.key("ada")).json["freed"]["shares"] == 5
