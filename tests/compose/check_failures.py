"""What clients see when parts of the cloud are killed, restarted with care, and replaced by newer ones.

The short form is part of `make test-compose`; `make test-failures` (COMPOSE_THOROUGH) does all of it.
"""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.compose.engine import OURS, Compose, docker
from tests.compose.load import Load, load
from tests.integration.people import Cloud
from tests.integration.test_api_spec.caller import Caller

THOROUGH = bool(os.environ.get("COMPOSE_THOROUGH"))
CLIENTS = 20 if THOROUGH else 8
SCALE = {"data": 3, "web": 2} if THOROUGH else {"data": 2}
RESTARTED = ("data", "plots", "auth", "web", "gc", "gc-worker") if THOROUGH else ("plots",)
REST = 6 if THOROUGH else 3  # seconds without a failure, after which it counts as over
RECOVERY = 30  # seconds
WARMING = 3  # seconds of load before anything is done


@pytest.fixture(scope="module")
def callers(people: Cloud, keys: dict[str, str]) -> list[Caller]:
    return [Caller(people.url, name, key) for name, key in keys.items()]


@pytest.fixture
def scaled(compose: Compose) -> Iterator[Compose]:
    """The cloud with more replicas."""
    compose.up(*scale())
    yield compose
    compose.up()


@pytest.fixture(scope="module")
def newer(compose: Compose) -> str:
    """The tag of images that differ from those that run."""
    for service in OURS:
        recipe = f"FROM bokeh-cloud/{service}:latest\nLABEL newer=yes\n"
        docker("build", "--quiet", "--tag", f"bokeh-cloud/{service}:newer", "-", given=recipe)
    return "newer"


def disturb(running: Load, what: str, act: Callable[[], object]) -> list[str]:
    """Do something to the cloud, wait until it is well again, and return what failed meanwhile."""
    start = time.monotonic()
    act()
    while running.log.recovery(start) > time.monotonic() - start - REST:
        assert time.monotonic() - start < RECOVERY + REST, running.log.failed_since(start)[-3:]
        time.sleep(0.5)
    assert_writes(running)
    failed = running.log.failed_since(start)
    print(f"{what}: {len(failed)} requests failed, the last after {running.log.recovery(start):.1f} s")
    return failed


def assert_writes(running: Load) -> None:
    before, deadline = running.acknowledged, time.monotonic() + RECOVERY
    while running.acknowledged == before:
        assert time.monotonic() < deadline, "nothing is written any more"
        time.sleep(0.2)


def scale() -> list[str]:
    """Return the options that say how many replicas there are."""
    return [part for name, count in SCALE.items() for part in ("--scale", f"{name}={count}")]


def assert_right(running: Load) -> None:
    """Every acknowledged write is there, and no answer was wrong; to be asked when the load is over."""
    log = running.log
    print(f"{log.count} requests, {running.acknowledged} writes acknowledged, {len(log.failed)} failed")
    print(f"the slowest took {log.slowest:.1f} s")
    assert not log.wrong, "\n".join(log.wrong[:10])


def test_killed_replicas_and_restarted_storage_lose_nothing(scaled: Compose, callers: list[Caller]) -> None:
    with load(callers, CLIENTS) as running:
        time.sleep(WARMING)
        assert not running.log.failed
        for service in SCALE:
            for container in scaled.containers(service)[0 if THOROUGH else 1 :]:
                disturb(running, f"{service} killed", partial(docker, "kill", container))
                scaled.up("--no-recreate", *scale())
        for service in ("redis", "azurite"):
            disturb(running, f"{service} restarted", partial(scaled, "restart", service))
    assert_right(running)


def test_a_restart_of_any_service_fails_no_request(compose: Compose, callers: list[Caller]) -> None:
    with load(callers, CLIENTS // 2) as running:
        time.sleep(WARMING)
        for service in RESTARTED:
            assert not disturb(running, f"{service} restarted", partial(compose, "restart", service))
    assert_right(running)


def test_newer_images_and_the_way_back_fail_no_request(
    compose: Compose, callers: list[Caller], newer: str
) -> None:
    with load(callers, CLIENTS // 2) as running:
        time.sleep(WARMING)
        assert not disturb(running, "replaced all at once", compose.version(newer).up)
        assert all(compose.inspect(name)[0]["Config"]["Image"].endswith(newer) for name in OURS)
        if THOROUGH:
            assert not disturb(running, "rolled back, one after the other", compose.upgrade)
    assert_right(running)
    compose.up()
