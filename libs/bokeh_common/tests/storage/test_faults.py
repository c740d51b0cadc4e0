"""The contract of network faults, on all backends with a server."""

from collections.abc import Iterator

import pytest

from bokeh_common.errors import Unavailable
from bokeh_common.storage.testing.contract.faults import (
    OPERATIONS,
    NetworkFaultContract,
    within_bound,
)
from bokeh_common.storage.testing.servers.proxied_backends import ProxiedAzure, ProxiedBackend, ProxiedRedis


@pytest.fixture(scope="module")
def proxied_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedBackend]:
    proxied = ProxiedRedis(tmp_path_factory.mktemp("redis"))
    yield proxied
    proxied.server.stop()


@pytest.fixture(scope="module")
def proxied_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedBackend]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        proxied = ProxiedAzure(tmp_path_factory.mktemp("azurite"), monkeypatch)
        yield proxied
        proxied.server.stop()


class TestRedis(NetworkFaultContract):
    @pytest.fixture
    def proxied(self, proxied_redis: ProxiedBackend) -> ProxiedBackend:
        return proxied_redis.reset()


class TestAzure(NetworkFaultContract):
    @pytest.fixture
    def proxied(self, proxied_azure: ProxiedBackend) -> ProxiedBackend:
        return proxied_azure.reset()

    @pytest.mark.parametrize(
        "status", ["500 Internal Server Error", "503 Server Busy", "429 Too Many Requests"]
    )
    def test_an_error_of_azure_is_retried(self, proxied: ProxiedBackend, status: str) -> None:
        for call in OPERATIONS.values():
            with proxied.proxy.responding(status, 1), within_bound():
                call(proxied)
            assert proxied.proxy.faults == 1
            self.undo(proxied)

    @pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Server Busy", "403 Forbidden"])
    def test_a_persistent_error_of_azure_is_unavailable(self, proxied: ProxiedBackend, status: str) -> None:
        for name in ("get", "put", "list blobs", "put blob"):
            with proxied.proxy.responding(status), within_bound(), pytest.raises(Unavailable):
                OPERATIONS[name](proxied)
        proxied.check_intact()
