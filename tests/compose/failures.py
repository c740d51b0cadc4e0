"""What clients see when parts of the cloud are killed, and when they are restarted with care."""

import os
import time
from collections.abc import Iterator

import pytest

from tests.compose.engine import Compose, docker
from tests.compose.load import Load, load
from tests.integration.people import Cloud
from tests.integration.test_api_spec.caller import Caller

CLIENTS = int(os.environ.get("COMPOSE_CLIENTS", "20"))
SCALE = {"data": 3, "web": 2}
REST = 6  # seconds between two disturbances
RECOVERY = 30  # seconds


@pytest.fixture(scope="module")
def callers(people: Cloud, keys: dict[str, str]) -> list[Caller]:
    return [Caller(people.url, name, key) for name, key in keys.items()]


@pytest.fixture(scope="module")
def scaled(compose: Compose) -> Iterator[Compose]:
    """The cloud with more replicas."""
    compose.up(*(part for name, count in SCALE.items() for part in ("--scale", f"{name}={count}")))
    yield compose
    compose.up()


def settle(running: Load, start: float) -> None:
    """Give the cloud time to recover, and look whether it has."""
    time.sleep(REST)
    while running.log.recovery(start) > time.monotonic() - start - REST:
        assert time.monotonic() - start < RECOVERY + REST, running.log.failed_since(start)[-3:]
        time.sleep(1)
    before = running.acknowledged
    time.sleep(2)
    assert running.acknowledged > before, "nothing is written any more"


def test_killed_replicas_and_restarted_storage_lose_nothing(scaled: Compose, callers: list[Caller]) -> None:
    with load(callers, CLIENTS) as running:
        time.sleep(REST)
        assert not running.log.failed
        for service in SCALE:
            for container in scaled.containers(service):
                start = time.monotonic()
                docker("kill", container)
                settle(running, start)
                docker("start", container)
        for service in ("redis", "azurite"):
            start = time.monotonic()
            scaled("restart", service)
            settle(running, start)
    log = running.log
    print(f"{log.count} requests, {running.acknowledged} writes acknowledged, {len(log.failed)} failed")
    print(f"the slowest took {log.slowest:.1f} s")
    assert not log.wrong, "\n".join(log.wrong[:10])


def test_a_restart_of_any_service_fails_no_request(compose: Compose, callers: list[Caller]) -> None:
    with load(callers, CLIENTS // 2) as running:
        for service in ("data", "plots", "auth", "web", "gc"):
            start = time.monotonic()
            compose("restart", "--timeout", "60", service)
            settle(running, start)
            assert not running.log.failed_since(start), (service, running.log.failed_since(start)[:5])
    assert not running.log.wrong, "\n".join(running.log.wrong[:10])
