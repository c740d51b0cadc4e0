"""Fixtures `accounts`, `ada`, `bob` and `visitor`: a cloud with accounts, in one process and in several.

If `CLOUD_URL` is set, its cloud is used; `CLOUD_KEY` and `CLOUD_OTHER_KEY` are keys of two accounts there,
`ada` and `bob` (`@example.com`), with all scopes. Its mail server is the maildev at `CLOUD_MAILBOX`.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from bokeh_common.storage.testing.servers.processes import redis_server
from tests.compose.maildev import given_mailbox
from tests.integration.conftest import GIVEN, SEPARATE
from tests.integration.test_api_spec.caller import Caller
from tests.support.mailbox import Mailbox, smtp_server
from tests.support.processes import SERVICES, start_services
from tests.support.users import RunningCloud, User, start_cloud_with_accounts

#: Orphans can be collected at once, but only when a test runs the collector.
COLLECT_ON_REQUEST: Any = {"BOKEH_CLOUD_GC_GRACE_HOURS": "0", "BOKEH_CLOUD_GC_EVERY_HOURS": "0"}

SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "gc:run", "keys:write", "account")


@pytest.fixture(scope="session", params=["given"] if GIVEN else ["local", SEPARATE])
def backend(request: pytest.FixtureRequest) -> str:
    """Whether the services run in one process or in separate ones; the storage is local."""
    return str(request.param)


@pytest.fixture(scope="package")
def accounts(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with accounts, on a storage that no other test uses."""
    if GIVEN:
        yield RunningCloud(GIVEN, given_mailbox())
        return
    storage = f"local://{tmp_path_factory.mktemp('accounts')}"
    if backend != SEPARATE:
        with start_cloud_with_accounts(storage, **COLLECT_ON_REQUEST) as cloud:
            yield cloud
        return
    mailbox = Mailbox()
    redis = redis_server(tmp_path_factory.mktemp("redis"))  # over which revocations are published
    with (
        smtp_server(mailbox) as port,
        start_services(
            storage,
            accounts=True,
            BOKEH_CLOUD_SMTP_URL=f"smtp://127.0.0.1:{port}",
            BOKEH_CLOUD_REDIS_URL=f"redis://127.0.0.1:{redis.port}",
            **COLLECT_ON_REQUEST,
        ) as processes,
    ):
        urls = [processes.of(name)[0].url for name in SERVICES]
        yield RunningCloud(processes.url, mailbox, service_urls=urls)
    redis.stop()


def _caller(request: pytest.FixtureRequest, name: str, variable: str) -> Caller:
    if GIVEN:
        key = os.environ.get(variable)
        if key is None:
            pytest.skip(f"{variable} is not set")
        visitor = Caller(GIVEN)
        return Caller(GIVEN, visitor.ok("GET", "/whoami", key=key)["user_id"], key)
    cloud: RunningCloud = request.getfixturevalue("accounts")
    user = User(cloud, name)
    user.register()
    return Caller(cloud.url, name, user.make_key(*SCOPES))


@pytest.fixture(scope="package")
def ada(request: pytest.FixtureRequest, backend: str) -> Caller:
    """A program with an API key of the account ada."""
    return _caller(request, "ada", "CLOUD_KEY")


@pytest.fixture(scope="package")
def bob(request: pytest.FixtureRequest, backend: str) -> Caller:
    """A program with an API key of the account bob."""
    return _caller(request, "bob", "CLOUD_OTHER_KEY")


@pytest.fixture(scope="package")
def visitor(ada: Caller) -> Caller:
    """A program without an API key."""
    return Caller(ada.url)
