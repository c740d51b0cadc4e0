"""The requests of clients while parts of the cloud are killed, restarted, and replaced by newer images.

`make test-compose` runs a short form; `make test-failures` (COMPOSE_THOROUGH) runs all of it.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest
import requests

from tests.compose.engine import SERVICES, Compose, docker
from tests.compose.load import ClientLoad, run_clients
from tests.integration.test_api_spec.caller import Caller
from tests.support.users import RunningCloud
from tests.support.waiting import wait_until

THOROUGH = bool(os.environ.get("COMPOSE_THOROUGH"))
CLIENTS = 20 if THOROUGH else 8
SCALE = {"data": 3, "web": 2} if THOROUGH else {"data": 2}
RESTARTED = ("data", "plots", "auth", "web", "gc", "gc-worker") if THOROUGH else ("plots",)
QUIET = 6 if THOROUGH else 3  # seconds without a failure, after which the cloud counts as recovered
MAX_RECOVERY = 30  # seconds
STREAMS = 50
WARM_UP = 3  # seconds of load before the first disturbance


@pytest.fixture(scope="module")
def callers(cloud: RunningCloud, keys: dict[str, str]) -> list[Caller]:
    return [Caller(cloud.url, name, key) for name, key in keys.items()]


@pytest.fixture
def scaled(compose: Compose) -> Iterator[Compose]:
    """The cloud with several replicas of some services."""
    compose.up(*scale_options())
    yield compose
    compose.up()


@pytest.fixture(scope="module")
def newer(compose: Compose) -> str:
    """The tag of images that differ from those of the running containers."""
    for service in SERVICES:
        recipe = f"FROM bokeh-cloud/{service}:latest\nLABEL newer=yes\n"
        docker("build", "--quiet", "--tag", f"bokeh-cloud/{service}:newer", "-", stdin=recipe)
    return "newer"


def disturb(running: ClientLoad, label: str, action: Callable[[], object]) -> list[str]:
    """Do something to the cloud, wait until it has recovered, and return the requests that failed."""
    start = time.monotonic()
    action()
    while running.log.recovery(start) > time.monotonic() - start - QUIET:
        assert time.monotonic() - start < MAX_RECOVERY + QUIET, running.log.failed_since(start)[-3:]
        time.sleep(0.5)
    assert_writes_continue(running)
    failed = running.log.failed_since(start)
    print(f"{label}: {len(failed)} requests failed, the last after {running.log.recovery(start):.1f} s")
    return failed


def assert_writes_continue(running: ClientLoad) -> None:
    before = running.acknowledged
    wait_until(lambda: running.acknowledged > before, MAX_RECOVERY)


def scale_options() -> list[str]:
    """Return the options of compose for the numbers of replicas."""
    return [part for name, count in SCALE.items() for part in ("--scale", f"{name}={count}")]


def assert_consistent(running: ClientLoad) -> None:
    """Check, after the load, that every acknowledged write is stored and that no response was wrong."""
    log = running.log
    print(f"{log.count} requests, {running.acknowledged} writes acknowledged, {len(log.failed)} failed")
    print(f"the slowest request took {log.slowest:.1f} s")
    assert not log.wrong, "\n".join(log.wrong[:10])


def test_killed_replicas_and_a_restarted_storage_lose_no_acknowledged_write(
    scaled: Compose, callers: list[Caller]
) -> None:
    with run_clients(callers, CLIENTS) as running:
        time.sleep(WARM_UP)
        assert not running.log.failed
        for service in SCALE:
            for container in scaled.containers(service)[0 if THOROUGH else 1 :]:
                disturb(running, f"{service} killed", partial(docker, "kill", container))
                scaled.up("--no-recreate", *scale_options())
        for service in ("redis", "azurite"):
            disturb(running, f"{service} restarted", partial(scaled, "restart", service))
    assert_consistent(running)


def test_a_restart_of_any_service_fails_no_request(compose: Compose, callers: list[Caller]) -> None:
    with run_clients(callers, CLIENTS // 2) as running:
        time.sleep(WARM_UP)
        for service in RESTARTED:
            assert not disturb(running, f"{service} restarted", partial(compose, "restart", service))
    assert_consistent(running)


def test_open_event_streams_do_not_delay_a_restart(compose: Compose, callers: list[Caller]) -> None:
    plot = callers[0].plot("followed", 1.0)
    path = f"{compose.url}/plots/{plot['id']}/events"
    headers = {"Authorization": f"Bearer {callers[0].key}"}
    with ExitStack() as stack:
        for _ in range(STREAMS):
            stream = requests.get(path, headers=headers, stream=True, timeout=60)
            stack.callback(stream.close)
            assert stream.status_code == 200
        started = time.monotonic()
        compose("restart", "web")
        assert time.monotonic() - started < MAX_RECOVERY, "they count as requests in progress"
    compose.up()


def test_an_upgrade_and_a_rollback_of_images_fail_no_request(
    compose: Compose, callers: list[Caller], newer: str
) -> None:
    with run_clients(callers, CLIENTS // 2) as running:
        time.sleep(WARM_UP)
        assert not disturb(running, "all services replaced at once", compose.version(newer).up)
        assert all(compose.inspect(name)[0]["Config"]["Image"].endswith(newer) for name in SERVICES)
        if THOROUGH:
            assert not disturb(running, "services rolled back one by one", compose.upgrade)
    assert_consistent(running)
    compose.up()
