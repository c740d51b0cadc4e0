"""The integration tests run once on each storage backend: fixtures `cloud` and `cloud_storage`.

Modules that say `OWN_PROCESSES = True` run once more against a cloud of own processes.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_common.storage.testing.azure import connection_string
from bokeh_common.storage.testing.servers import azurite_server, redis_server
from tests.conftest import one_process
from tests.processes import own_processes

GIVEN = os.environ.get("CLOUD_URL")
HERE = Path(__file__).parent

#: What `backend` is, where each service is a process of its own, on local storage.
APART = "processes"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out own processes where a module does not ask for them: it is the same storage as `local`.

    Tests of one backend stay in one process, since all files share its server.
    """
    items[:] = [item for item in items if _backend_of(item) != APART or _runs_apart(item)]
    for item in items:
        if (backend := _backend_of(item)) and HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(f"tests/integration, {backend}"))


def _backend_of(item: pytest.Item) -> object:
    return item.callspec.params.get("backend") if hasattr(item, "callspec") else None


def _runs_apart(item: pytest.Item) -> bool:
    return "test_api_spec" in item.path.parts or getattr(
        getattr(item, "module", None), "OWN_PROCESSES", False
    )


@pytest.fixture(scope="session", params=["given"] if GIVEN else ["local", "redis", "azure", APART])
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
    storage = request.getfixturevalue("cloud_storage")
    if backend == APART:
        with own_processes(storage) as processes:
            yield processes.url
        return
    # Tests look at what is stored: nothing is collected but when they say so.
    with one_process(storage, BOKEH_CLOUD_GC_EVERY_HOURS="0") as url:
        yield url
