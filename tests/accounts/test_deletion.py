"""Account deletion removes everything of an account, even after crashes, and nothing of other accounts."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from falcon import testing

from bokeh_auth.accounts.deletion import AccountDeletion
from bokeh_auth.clients import DataServices
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_auth.credentials.secret import SHARE
from bokeh_cloud_server import embedded
from bokeh_cloud_server.admin import admin
from bokeh_common.errors import Conflict, Unavailable
from tests.support.account_cloud import AccountCloud
from tests.support.simulated_crash import SimulatedCrash


@pytest.fixture
def cloud(storage: str, tmp_path: Any) -> AccountCloud:
    return AccountCloud(storage, tmp_path / "outbox")


@pytest.fixture
def key(cloud: AccountCloud) -> str:
    """An API key of an account that has objects of all kinds."""
    key = cloud.make_key("ada")
    for user, own in (("ada", key), ("bob", cloud.make_key("bob"))):
        plot = cloud.publish(user, own, "one", "first")
        cloud.publish(user, own, "one", "second")
        cloud.upload(user, own, b"shared" * 100)
        cloud.domain.shares.create(user, plot, [], None)
        cloud.domain.sessions.start(cloud.domain.accounts.get(user), "Firefox")
    cloud.append("ada", key, cloud.upload("ada", key, b"mine alone" * 10, live=True), [1, 2])
    return key


def delete_account(cloud: AccountCloud, key: str) -> Any:
    return cloud.request("DELETE", "/ada/account?confirm=ada", key)


def deletion(
    cloud: AccountCloud, data_services: Any = None, later: timedelta = timedelta(0)
) -> AccountDeletion:
    domain = cloud.domain
    real = DataServices(*embedded.data_services(cloud.storage))
    parts = domain.repository, domain.accounts, domain.credentials, domain.audit
    return AccountDeletion(*parts, data_services or real, lambda: datetime.now(UTC) + later)


def begin(deletion: AccountDeletion, user: str = "ada") -> None:
    asyncio.run(deletion.delete(user, "", ""))


def recover(deletion: AccountDeletion) -> int:
    return asyncio.run(deletion.recover())


#: The records that keep the username taken for good and, for some minutes, mark the deletion as unfinished.
KEPT = {"accounts/ada", "looks/ada", "closing/ada"}


def remaining_keys(cloud: AccountCloud) -> list[str]:
    return [name for name in cloud.storage_keys("ada") if name not in KEPT]


def test_everything_is_deleted_and_counted(cloud: AccountCloud, key: str) -> None:
    before = cloud.storage_keys("bob")
    response = delete_account(cloud, key)
    assert response.status_code == 200
    freed = response.json["freed"]
    assert freed["bytes"] >= 700
    assert [freed[name] for name in ("plots", "sources", "keys", "shares", "sessions")] == [1, 2, 1, 1, 1]
    assert remaining_keys(cloud) == []
    assert cloud.storage_keys("bob") == before
    assert cloud.request("GET", "/ada/account", key).status_code == 401
    bob = cloud.make_key("bob")
    [source, *_] = cloud.request("GET", "/bob/data", bob).json["sources"]
    column = source["columns"]["x"]["hash"]
    assert cloud.request("GET", f"/bob/data/columns/{column}", bob).content == b"shared" * 100


def test_the_username_stays_taken_and_the_email_address_becomes_free(cloud: AccountCloud, key: str) -> None:
    delete_account(cloud, key)
    for name in ("ada", "ADA", "acla"):  # the last one has the same confusable skeleton
        with pytest.raises(Conflict) as taken:
            cloud.domain.accounts.create("new@example.com", name)
        assert taken.value.kind == "username-taken"
    assert cloud.domain.accounts.create("ada@example.com", "lovelace").active


@pytest.mark.parametrize("query", ["", "?confirm=", "?confirm=bob", "?confirm=ADA"])
def test_deletion_requires_a_confirmation(cloud: AccountCloud, key: str, query: str) -> None:
    response = cloud.request("DELETE", f"/ada/account{query}", key)
    assert (response.status_code, response.json["type"]) == (422, "/problems/not-confirmed")
    assert cloud.request("GET", "/ada/account", key).status_code == 200


def test_deletion_requires_a_key_with_all_scopes(cloud: AccountCloud, key: str) -> None:
    for scope in SCOPES:
        poor = cloud.make_key("ada", *(set(SCOPES) - {scope}))
        assert delete_account(cloud, poor).status_code == 403, scope
    assert delete_account(cloud, cloud.make_key("bob")).status_code == 404
    _, share = cloud.domain.shares.create("ada", "x" * 16, [], None)
    assert delete_account(cloud, share).status_code == 404
    assert cloud.request("GET", "/ada/account", key).status_code == 200


class FailingDataServices:
    """The real data services, which raise an error after some steps of a deletion."""

    def __init__(self, cloud: AccountCloud, steps: int, error: BaseException) -> None:
        self._data_services = DataServices(*embedded.data_services(cloud.storage))
        self._steps = steps
        self._error = error

    async def erase(self, user: str) -> Any:
        """Delete the data of an account in some services, then fail."""
        steps = self._data_services.erase(user)
        for _ in range(self._steps):
            yield await anext(steps)
        raise self._error


@pytest.mark.parametrize("steps", [0, 1])
def test_a_crashed_deletion_is_resumed_by_another_process(cloud: AccountCloud, key: str, steps: int) -> None:
    with pytest.raises(SimulatedCrash):
        begin(deletion(cloud, FailingDataServices(cloud, steps, SimulatedCrash())))
    assert cloud.request("GET", "/ada/account", key).status_code == 401  # credentials are revoked first
    assert remaining_keys(cloud) != []
    assert recover(deletion(cloud)) == 0  # another process may still run
    assert recover(deletion(cloud, later=timedelta(minutes=2))) == 1
    assert remaining_keys(cloud) == []
    note = cloud.domain.repository.deletion("ada")
    assert note is not None
    assert (note[0]["emptied"], note[0]["freed"]["sources"]) == (True, 2)


class StuckDataServices:
    """Data services that never finish a deletion."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def erase(self, user: str) -> Any:
        """Wait."""
        self.asked.set()
        await asyncio.sleep(3600)
        yield {}


def test_a_deletion_whose_client_disconnects_is_resumed(cloud: AccountCloud, key: str) -> None:
    async def disconnect() -> None:
        stuck = StuckDataServices()
        deleting = asyncio.create_task(deletion(cloud, stuck).delete("ada", "", ""))
        await stuck.asked.wait()
        deleting.cancel()
        await asyncio.wait([deleting])
        assert deleting.cancelled()

    asyncio.run(disconnect())
    assert cloud.request("GET", "/ada/account", key).status_code == 401
    assert remaining_keys(cloud) != []
    assert recover(deletion(cloud, later=timedelta(minutes=2))) == 1
    assert remaining_keys(cloud) == []


def test_a_running_server_resumes_deletions(cloud: AccountCloud, key: str) -> None:
    with pytest.raises(SimulatedCrash):
        begin(deletion(cloud, FailingDataServices(cloud, 0, SimulatedCrash())))
    found = cloud.domain.repository.deletion("ada")
    assert found is not None
    long_ago = {**found[0], "touched": "2020-01-01T00:00:00Z"}
    cloud.domain.repository.change_deletion("ada", long_ago, found[1])

    async def serve() -> None:
        async with testing.ASGIConductor(cloud.client.app), asyncio.timeout(30):
            while remaining_keys(cloud):
                await asyncio.sleep(0.02)

    asyncio.run(serve())


def test_a_deletion_is_resumed_once_a_service_is_available_again(cloud: AccountCloud, key: str) -> None:
    down = FailingDataServices(cloud, 0, Unavailable("down"))
    with pytest.raises(Unavailable):
        begin(deletion(cloud, down))
    assert recover(deletion(cloud, down, timedelta(minutes=2))) == 0
    assert recover(deletion(cloud, later=timedelta(minutes=4))) == 1
    assert remaining_keys(cloud) == []


def test_a_deletion_that_keeps_failing_does_not_block_others(cloud: AccountCloud, key: str) -> None:
    class BusyDataServices(FailingDataServices):
        def erase(self, user: str) -> Any:
            if user == "ada":
                raise Conflict("the account changes all the time")
            return self._data_services.erase(user)

    busy = BusyDataServices(cloud, 0, SimulatedCrash())
    with pytest.raises(Conflict):
        begin(deletion(cloud, busy))
    with pytest.raises(SimulatedCrash):
        begin(deletion(cloud, FailingDataServices(cloud, 0, SimulatedCrash())), "bob")
    assert recover(deletion(cloud, busy, timedelta(minutes=2))) == 1
    assert cloud.storage_keys("bob") == ["accounts/bob", "closing/bob", "looks/bob"]


def test_what_a_concurrent_request_wrote_is_deleted_later(cloud: AccountCloud, key: str) -> None:
    delete_account(cloud, key)
    late = cloud.make_key("ada")  # as a process does that read the account before the deletion
    assert remaining_keys(cloud) != []
    assert recover(deletion(cloud, later=timedelta(minutes=9))) == 0
    assert recover(deletion(cloud, later=timedelta(minutes=10))) == 1
    assert remaining_keys(cloud) == []
    assert cloud.domain.repository.deletion("ada") is None
    assert cloud.domain.credentials.verify(late) is None


def test_a_new_account_keeps_the_freed_email_address(cloud: AccountCloud, key: str) -> None:
    delete_account(cloud, key)
    cloud.domain.accounts.create("ada@example.com", "lovelace")
    recover(deletion(cloud, later=timedelta(minutes=10)))
    owner = cloud.domain.accounts.of_email("ada@example.com")
    assert owner is not None
    assert owner.user_id == "lovelace"


def test_the_operator_deletes_an_account_by_command(cloud: AccountCloud, key: str) -> None:
    before = cloud.storage_keys("bob")
    command = ["--storage", cloud.storage, "users", "delete", "ada"]
    cancelled = CliRunner().invoke(admin, command, input="n\n")
    assert cancelled.exit_code == 1
    assert cloud.domain.accounts.get("ada").active
    result = CliRunner().invoke(admin, [*command, "--yes"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["freed"]["sources"] == 2
    assert remaining_keys(cloud) == []
    assert cloud.storage_keys("bob") == before
    assert "ada    " in CliRunner().invoke(admin, ["--storage", cloud.storage, "users", "list"]).output
    again = CliRunner().invoke(admin, [*command, "--yes"])
    assert json.loads(again.stdout)["freed"].get("bytes", 0) in {
        0,
        json.loads(result.stdout)["freed"]["bytes"],
    }
    assert CliRunner().invoke(admin, ["--storage", cloud.storage, "users", "delete", "no"]).exit_code == 1


def test_all_pages_of_share_links_are_deleted(cloud: AccountCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokeh_auth.credentials.store.PAGE", 2)
    for i in range(5):
        cloud.domain.credentials.issue(SHARE, "ada", str(i), ("plots:read",), None, only="x")
    assert delete_account(cloud, cloud.make_key("ada")).json["freed"]["shares"] == 5
