"""A cloud with accounts, in one process and in own processes: fixtures `people`, `ada`, `bob`, `visitor`.

With `CLOUD_URL`, that cloud is taken; `CLOUD_KEY` and `CLOUD_OTHER_KEY` are keys of two accounts there, with
all scopes, `ada` and `bob` (`@example.com`); its mailbox is a maildev behind the same gateway.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from bokeh_common.storage.testing.servers import redis_server
from tests.compose.maildev import Maildev
from tests.conftest import one_process
from tests.integration.conftest import APART, GIVEN
from tests.integration.people import Cloud, Person
from tests.integration.test_api_spec.caller import Caller
from tests.mailbox import Mailbox, smtp_server
from tests.processes import SERVICES, own_processes

#: What nothing refers to is an orphan at once, and goes when a test says so.
COLLECTING: Any = {"BOKEH_CLOUD_GC_GRACE_HOURS": "0", "BOKEH_CLOUD_GC_EVERY_HOURS": "0"}

SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "gc:run", "keys:write", "account")


@pytest.fixture(scope="session", params=["given"] if GIVEN else ["local", APART])
def backend(request: pytest.FixtureRequest) -> str:
    """Name what the cloud runs on: this is about the API, and not about the storage."""
    return str(request.param)


@pytest.fixture(scope="package")
def people(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Return a cloud that sends mail, with accounts, and a storage that no other test has accounts in."""
    if GIVEN:
        yield Cloud(GIVEN, Maildev(GIVEN))
        return
    box, storage = Mailbox(), f"local://{tmp_path_factory.mktemp('people')}"
    with smtp_server(box) as port:
        smtp = f"smtp://127.0.0.1:{port}"
        if backend == APART:
            # Processes tell each other of revoked keys over Redis.
            redis = redis_server(tmp_path_factory.mktemp("news"))
            with own_processes(
                storage,
                accounts=True,
                BOKEH_CLOUD_SMTP_URL=smtp,
                BOKEH_CLOUD_REDIS_URL=f"redis://127.0.0.1:{redis.port}",
                **COLLECTING,
            ) as processes:
                services = [processes.of(name)[0].url for name in SERVICES]
                yield Cloud(processes.url, box, services=services)
            redis.stop()
        else:
            environ: Any = {**COLLECTING, "BOKEH_CLOUD_SMTP_URL": smtp}
            with one_process(storage, "--accounts", **environ) as url:
                yield Cloud(url, box)


def _caller(request: pytest.FixtureRequest, name: str, variable: str) -> Caller:
    if GIVEN:
        key = os.environ.get(variable)
        if key is None:
            pytest.skip(f"{variable} is not set")
        visitor = Caller(GIVEN)
        return Caller(GIVEN, visitor.ok("GET", "/whoami", key=key)["user_id"], key)
    cloud: Cloud = request.getfixturevalue("people")
    person = Person(cloud, name)
    person.register()
    return Caller(cloud.url, name, person.make_key(*SCOPES))


@pytest.fixture(scope="package")
def ada(request: pytest.FixtureRequest, backend: str) -> Caller:
    """Return somebody with an account and a key."""
    return _caller(request, "ada", "CLOUD_KEY")


@pytest.fixture(scope="package")
def bob(request: pytest.FixtureRequest, backend: str) -> Caller:
    """Return somebody else."""
    return _caller(request, "bob", "CLOUD_OTHER_KEY")


@pytest.fixture(scope="package")
def visitor(ada: Caller) -> Caller:
    """Return somebody without an account."""
    return Caller(ada.url)
