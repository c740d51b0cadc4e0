"""The embedded cloud: all services in one process."""

import asyncio
from pathlib import Path

import falcon
import pytest
from falcon import testing

from bokeh_cloud_server import embedded
from bokeh_common.errors import Invalid, Unavailable


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f"local://{tmp_path}"


def test_services_call_each_other_in_process(storage: str) -> None:
    async def call() -> object:
        await asyncio.gather(*(client.check_health() for client in embedded.data_services(storage, "gc")))
        [auth] = embedded.service_clients(storage, ["auth"], "plots")
        return await auth.post("/internal/auth/introspection", {"token": "wrong"})

    assert asyncio.run(call()) == {"active": False}


def test_services_have_tokens_of_their_own(storage: str) -> None:
    tokens = embedded.new_tokens()
    assert len(set(tokens.values())) == len(tokens)
    path = "/internal/plots/keyspaces/plots"  # for the garbage collector only
    [plots] = embedded.service_clients(storage, ["plots"], "gc")
    assert asyncio.run(plots.get(path)) == []
    [plots] = embedded.service_clients(storage, ["plots"], "data")
    with pytest.raises(Unavailable, match="rejects the token"):
        asyncio.run(plots.get(path))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/health/live", 200), ("/internal/plots/references", 404), ("/local/plots", 200)],
)
def test_only_public_paths_are_routed(storage: str, path: str, status: int) -> None:
    client = testing.TestClient(embedded.create_app(storage))
    assert client.simulate_get(path, host="localhost").status_code == status


def test_requests_of_other_hosts_are_rejected_without_accounts(storage: str) -> None:
    client = testing.TestClient(embedded.create_app(storage))
    assert client.simulate_get("/", host="example.com").status == falcon.HTTP_403


def test_an_invalid_storage_is_an_error() -> None:
    with pytest.raises(Invalid):
        embedded.create_app("local://relative")
