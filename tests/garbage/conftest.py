"""Fixture `storage_url`: an empty storage on each backend."""

import os
from collections.abc import Iterator

import pytest

from bokeh_common.storage.testing.servers.azure import connection_string
from bokeh_common.storage.testing.servers.processes import azurite_server, redis_server


@pytest.fixture(scope="session", params=["local", "redis", "azure"])
def storage_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a storage on one of the backends, whose server is running."""
    folder = tmp_path_factory.mktemp(f"garbage-{request.param}")
    if request.param == "local":
        yield f"local://{folder}"
    elif request.param == "redis":
        server = redis_server(folder)
        yield f"redis://127.0.0.1:{server.port}/0"
        server.stop()
    else:
        server = azurite_server(folder)
        before = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
        os.environ["AZURE_STORAGE_CONNECTION_STRING"] = connection_string(server.port)
        yield "azure://bokeh-cloud"
        os.environ.pop("AZURE_STORAGE_CONNECTION_STRING")
        if before is not None:
            os.environ["AZURE_STORAGE_CONNECTION_STRING"] = before
        server.stop()
