"""Fixtures `compose`, `cloud`, `keys` and `observed`: clouds in containers, which all checks share."""

import os
from collections.abc import Iterator

import pytest

from tests.compose.engine import Compose, build_images, engine_is_available, start_compose
from tests.compose.maildev import Maildev
from tests.support.users import RunningCloud, User

SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "gc:run", "keys:write", "account")


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine with images of this code."""
    if not engine_is_available():
        assert not os.environ.get("CI"), "there is no Docker engine"
        pytest.skip("there is no Docker engine")
    if not os.environ.get("COMPOSE_NO_BUILD"):
        build_images()


@pytest.fixture(scope="session")
def compose(engine: None) -> Iterator[Compose]:
    """A running cloud."""
    compose = Compose("bokeh-cloud-test")
    compose.down()
    try:
        compose.up()
        yield compose
    finally:
        if not os.environ.get("COMPOSE_KEEP"):
            compose.down()


@pytest.fixture(scope="session")
def cloud(compose: Compose) -> RunningCloud:
    """The same cloud, for users."""
    return running_cloud(compose)


@pytest.fixture(scope="session")
def observed(engine: None) -> Iterator[Compose]:
    """A second cloud, with all state in Redis and with monitoring; shared, since it takes long to start."""
    files = ("compose.yaml", "deploy/compose/redis.yaml", "deploy/compose/observability.yaml")
    with start_compose(Compose("bokeh-cloud-observed", (*files, "tests/compose/observed.yaml"))) as compose:
        yield compose


@pytest.fixture(scope="session")
def keys(cloud: RunningCloud) -> dict[str, str]:
    """The API keys of two accounts, by username."""
    return {name: register_user(cloud, name) for name in ("ada", "bob")}


def register_user(cloud: RunningCloud, name: str) -> str:
    """Register an account, and return an API key with all scopes."""
    user = User(cloud, name)
    user.register()
    return user.make_key(*SCOPES)


def running_cloud(compose: Compose) -> RunningCloud:
    """Return a cloud in containers as the helpers of users take it."""
    return RunningCloud(compose.url, Maildev(compose.local_url))


def environ_of(cloud: RunningCloud, **more: str) -> dict[str, str]:
    """Return the environment of tests that use a given cloud in containers."""
    assert isinstance(cloud.mailbox, Maildev)
    return {**os.environ, "CLOUD_URL": cloud.url, "CLOUD_MAILBOX": cloud.mailbox.url, **more}
