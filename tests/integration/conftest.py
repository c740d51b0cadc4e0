"""Fixtures `cloud` and `cloud_storage`, which run the integration tests on each storage backend.

Modules with `SEPARATE_PROCESSES = True` also run on a cloud whose services are processes of their own.
"""

import os
from collections.abc import Iterator

import pytest

from bokeh_common.storage.testing.servers.azure import connection_string
from bokeh_common.storage.testing.servers.processes import azurite_server, redis_server
from tests.support.embedded_server import one_process
from tests.support.processes import start_services

GIVEN = os.environ.get("CLOUD_URL")

#: The value of `backend` for local storage with a process for each service.
SEPARATE = "processes"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deselect tests on separate processes in modules that do not request them."""
    items[:] = [item for item in items if _backend_of(item) != SEPARATE or _runs_on_separate_processes(item)]


def _backend_of(item: pytest.Item) -> object:
    return item.callspec.params.get("backend") if hasattr(item, "callspec") else None


def _runs_on_separate_processes(item: pytest.Item) -> bool:
    module = getattr(item, "module", None)
    return "test_api_spec" in item.path.parts or getattr(module, "SEPARATE_PROCESSES", False)


@pytest.fixture(scope="session", params=["given"] if GIVEN else ["local", "redis", "azure", SEPARATE])
def backend(request: pytest.FixtureRequest) -> str:
    """The name of the storage backend."""
    return str(request.param)


@pytest.fixture(scope="session")
def cloud_storage(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the storage of `cloud`."""
    folder = tmp_path_factory.mktemp(backend)
    if backend == "given":
        pytest.skip("the storage of the cloud at CLOUD_URL cannot be accessed")
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
    storage = request.getfixturevalue("cloud_storage")
    if backend == SEPARATE:
        with start_services(storage) as processes:
            yield processes.url
        return
    # Tests check what is stored, so the collector runs only when they request it.
    with one_process(storage, BOKEH_CLOUD_GC_EVERY_HOURS="0") as url:
        yield url
