"""The storage is slow, flaps, does not respond, is full or read-only."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import redis
import requests

from tests.faults.faulty_cloud import FaultyCloud
from tests.faults.verification import nothing_is_lost
from tests.integration.test_api_spec.caller import Caller, problem
from tests.support.documents import text_document

DELAY = 0.02  # seconds
FLAPS, FLAP_SECONDS = 5, 0.15
SILENT_SECONDS = 2.0

Fault = Callable[[FaultyCloud], AbstractContextManager[None]]


def test_a_slow_storage(faulty: FaultyCloud) -> None:
    with nothing_is_lost(faulty) as workload, faulty.storage_proxy.delaying(DELAY):
        workload.wait_for_progress()


def test_a_flapping_storage(faulty: FaultyCloud) -> None:
    with nothing_is_lost(faulty) as workload:
        for _ in range(FLAPS):
            with faulty.storage_proxy.resetting():
                time.sleep(FLAP_SECONDS)
            time.sleep(FLAP_SECONDS)
        workload.wait_for_progress()


def test_lost_responses_of_the_storage(faulty: FaultyCloud) -> None:
    """Writes are executed, but the services do not learn it."""
    with nothing_is_lost(faulty) as workload:
        for _ in range(FLAPS):
            with faulty.storage_proxy.losing_responses(3):
                time.sleep(FLAP_SECONDS)
        workload.wait_for_progress()


def test_a_storage_that_does_not_respond(faulty: FaultyCloud) -> None:
    with nothing_is_lost(faulty) as workload:
        with faulty.storage_proxy.stalling():
            time.sleep(SILENT_SECONDS)
        workload.wait_for_progress()


@contextmanager
def full(cloud: FaultyCloud) -> Iterator[None]:
    """Let the Redis have no memory left."""
    with redis.Redis(port=cloud.redis.port) as server:
        server.config_set("maxmemory", 1)
        try:
            yield
        finally:
            server.config_set("maxmemory", 0)


@contextmanager
def read_only(cloud: FaultyCloud) -> Iterator[None]:
    """Let the Redis be a replica, as after a failover that the services have not noticed."""
    with redis.Redis(port=cloud.redis.port) as server:
        server.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            yield
        finally:
            server.execute_command("REPLICAOF", "NO", "ONE")


def write(caller: Caller) -> requests.Response:
    """Publish a plot without data."""
    return caller("POST", "/{user}/store", json={"name": "unwritable", "document": text_document("x")})


@pytest.mark.parametrize("fault", [full, read_only])
def test_a_storage_that_accepts_no_writes(faulty: FaultyCloud, fault: Fault) -> None:
    caller = Caller(faulty.processes.url, "ada", faulty.key)
    plot = caller.plot("readable", 1.0, 2.0)
    with nothing_is_lost(faulty) as workload:
        with fault(faulty):
            response = write(caller)
            problem(response, 503, "unavailable")
            assert int(response.headers["Retry-After"]) > 0
            assert caller.ok("GET", f"/{{user}}/plots/{plot['id']}/scene")
            for path in ("/", "/plots", f"/plots/{plot['id']}/show"):
                assert faulty.ada.get(path).status_code == 200
        workload.wait_for_progress()
