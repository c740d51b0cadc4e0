"""Pytest fixtures that start the servers of all backends, each once for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_common.storage.testing.servers.azure import AzureBackend, connection_string
from bokeh_common.storage.testing.servers.backend import Backend
from bokeh_common.storage.testing.servers.local import LocalBackend
from bokeh_common.storage.testing.servers.processes import (
    ServerProcess,
    azurite_server,
    redis_cluster,
    redis_server,
)
from bokeh_common.storage.testing.servers.redis import RedisBackend

BACKENDS = ["local", "redis", "redis-cluster", "azure"]


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start a persistent Redis, and return its port."""
    server = redis_server(tmp_path_factory.mktemp("redis"))
    yield server.port
    server.stop()


@pytest.fixture(scope="session")
def cluster_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start a Redis Cluster, and return the port of a node."""
    servers: list[ServerProcess] = []
    servers += redis_cluster(tmp_path_factory.mktemp("redis-cluster"))
    yield servers[0].port
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def azurite_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start Azurite, and return its port."""
    server = azurite_server(tmp_path_factory.mktemp("azurite"))
    yield server.port
    server.stop()


@pytest.fixture
def azurite(azurite_port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Set the account of Azurite in the environment; return its port."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(azurite_port))
    return azurite_port


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Return an empty backend."""
    return make_backend(request.param, request, tmp_path)


def make_backend(name: str, request: pytest.FixtureRequest, folder: Path) -> Backend:
    """Return an empty backend; its server is started if it is not running."""
    match name:
        case "redis":
            return RedisBackend(request.getfixturevalue("redis_port")).restrict_commands()
        case "redis-cluster":
            return RedisBackend(request.getfixturevalue("cluster_port"), cluster=True)
        case "azure":
            return AzureBackend(request.getfixturevalue("azurite"))
    return LocalBackend(folder)
