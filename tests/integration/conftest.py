"""The integration tests run once on each storage backend: fixtures `cloud` and `cloud_storage`."""

import os
from collections.abc import Iterator

import pytest

from bokeh_common.storage.testing.azure import connection_string
from bokeh_common.storage.testing.servers import azurite_server, redis_server
from tests.conftest import one_process

GIVEN = os.environ.get("CLOUD_URL")


@pytest.fixture(scope="session", params=["given"] if GIVEN else ["local", "redis", "azure"])
def backend(request: pytest.FixtureRequest) -> str:
    """Name the backend."""
    return str(request.param)


@pytest.fixture(scope="session")
def cloud_storage(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the storage of `cloud`, whose server is started for the session."""
    folder = tmp_path_factory.mktemp(backend)
    if backend == "given":
        pytest.skip("the storage of a cloud that runs elsewhere is out of reach")
    elif backend == "redis":
        server = redis_server(folder)
        yield f"redis://127.0.0.1:{server.port}/0"
        server.stop()
    elif backend == "azure":
        server = azurite_server(folder)
        with pytest.MonkeyPatch.context() as environ:
            environ.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(server.port))
            yield "azure://bokeh-cloud"
        server.stop()
    else:
        yield f"local://{folder}"


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest, backend: str) -> Iterator[str]:
    """URL of a running cloud: that of `CLOUD_URL`, or one that is started on the backend."""
    if GIVEN:
        yield GIVEN
        return
    with one_process(request.getfixturevalue("cloud_storage")) as url:
        yield url
