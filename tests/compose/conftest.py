"""Fixtures: one cloud of containers for all checks, and people with accounts there."""

import os
from collections.abc import Iterator

import pytest

from tests.compose.engine import Compose, build_images, engine_is_there, running
from tests.compose.maildev import Maildev
from tests.integration.people import Cloud, Person

SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "gc:run", "keys:write", "account")


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine, and images of this code."""
    if not engine_is_there():
        assert not os.environ.get("CI"), "there is no Docker engine"
        pytest.skip("there is no Docker engine")
    if not os.environ.get("COMPOSE_NO_BUILD"):
        build_images()


@pytest.fixture(scope="session")
def compose(engine: None) -> Iterator[Compose]:
    """A cloud that runs."""
    compose = Compose("bokeh-cloud-test")
    compose.down()
    try:
        compose.up()
        yield compose
    finally:
        if not os.environ.get("COMPOSE_KEEP"):
            compose.down()


@pytest.fixture(scope="session")
def people(compose: Compose) -> Cloud:
    """The same, seen by people."""
    return seen_by(compose)


@pytest.fixture(scope="session")
def observed(engine: None) -> Iterator[Compose]:
    """A second cloud, with all state in Redis, that is observed: starting one takes a while."""
    files = ("compose.yaml", "deploy/compose/redis.yaml", "deploy/compose/observability.yaml")
    with running(Compose("bokeh-cloud-observed", (*files, "tests/compose/observed.yaml"))) as compose:
        yield compose


@pytest.fixture(scope="session")
def keys(people: Cloud) -> dict[str, str]:
    """The keys of two people who registered."""
    return {name: registered(people, name) for name in ("ada", "bob")}


def registered(people: Cloud, name: str) -> str:
    """Register, and return a key with all scopes."""
    person = Person(people, name)
    person.register()
    return person.make_key(*SCOPES)


def seen_by(compose: Compose) -> Cloud:
    """Return a cloud as people see it."""
    return Cloud(compose.url, Maildev(compose.url))
