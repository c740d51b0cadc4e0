"""Pytest fixtures that start the servers of all backends, each once for all tests that need it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_common.storage.testing.azure import AzureMedium, connection_string
from bokeh_common.storage.testing.local import LocalMedium
from bokeh_common.storage.testing.medium import Medium
from bokeh_common.storage.testing.redis import RedisMedium
from bokeh_common.storage.testing.servers import Server, azurite_server, redis_cluster, redis_server

BACKENDS = ["local", "redis", "redis-cluster", "azure"]


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start a Redis that keeps what it is given."""
    server = redis_server(tmp_path_factory.mktemp("redis"))
    yield server.port
    server.stop()


@pytest.fixture(scope="session")
def cluster_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start a Redis Cluster, and return the port of a node."""
    servers: list[Server] = []
    servers += redis_cluster(tmp_path_factory.mktemp("redis-cluster"))
    yield servers[0].port
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def azurite_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start an Azurite."""
    server = azurite_server(tmp_path_factory.mktemp("azurite"))
    yield server.port
    server.stop()


@pytest.fixture
def azurite(azurite_port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Name Azurite's account in the environment, for this process and its children."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(azurite_port))
    return azurite_port


@pytest.fixture(params=BACKENDS)
def medium(request: pytest.FixtureRequest, tmp_path: Path) -> Medium:
    """Return an empty backend."""
    return make_medium(request.param, request, tmp_path)


def make_medium(backend: str, request: pytest.FixtureRequest, folder: Path) -> Medium:
    """Return an empty backend of a kind; its server is started when it is not running yet."""
    match backend:
        case "redis":
            return RedisMedium(request.getfixturevalue("redis_port"))
        case "redis-cluster":
            return RedisMedium(request.getfixturevalue("cluster_port"), cluster=True)
        case "azure":
            return AzureMedium(request.getfixturevalue("azurite"))
    return LocalMedium(folder)
