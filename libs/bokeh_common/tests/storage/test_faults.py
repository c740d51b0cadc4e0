"""Every backend that is reached through a network keeps the contract of faults."""

from collections.abc import Iterator

import pytest

from bokeh_common.errors import Unavailable
from bokeh_common.storage.testing.faults import CALLS, Network, NetworkFaultContract, bounded
from bokeh_common.storage.testing.networks import AzureNetwork, RedisNetwork


@pytest.fixture(scope="module")
def redis_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = RedisNetwork(tmp_path_factory.mktemp("redis"))
    yield network
    network.server.stop()


@pytest.fixture(scope="module")
def azure_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        network = AzureNetwork(tmp_path_factory.mktemp("azurite"), monkeypatch)
        yield network
        network.server.stop()


class TestRedis(NetworkFaultContract):
    @pytest.fixture
    def network(self, redis_network: Network) -> Network:
        return redis_network.reset()


class TestAzure(NetworkFaultContract):
    @pytest.fixture
    def network(self, azure_network: Network) -> Network:
        return azure_network.reset()

    @pytest.mark.parametrize(
        "status", ["500 Internal Server Error", "503 Server Busy", "429 Too Many Requests"]
    )
    def test_azure_fails_once(self, network: Network, status: str) -> None:
        for call in CALLS.values():
            with network.proxy.answering(status, 1), bounded():
                call(network)
            assert network.proxy.struck == 1
            self.undo(network)

    @pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Server Busy", "403 Forbidden"])
    def test_azure_fails(self, network: Network, status: str) -> None:
        for name in ("get", "put", "list blobs", "put blob"):
            with network.proxy.answering(status), bounded(), pytest.raises(Unavailable):
                CALLS[name](network)
        network.check_intact()
