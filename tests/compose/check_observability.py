"""Metrics in Prometheus, and spans at the address of Jaeger (`deploy/compose/observability.yaml`).

Grafana and Jaeger are not in any package registry, so they are not run.
"""

import json
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser

from tests.compose.chromium_check import publish_and_check
from tests.compose.conftest import register_user, running_cloud
from tests.compose.engine import SERVICES, Compose, docker
from tests.support.dashboard import expressions

DEADLINE = 120  # seconds; Prometheus scrapes every ten, and needs two samples for a rate
QUERY_PROGRAM = """
import json, sys
from urllib.request import urlopen
base = "http://prometheus:9090/api/v1/"
print(json.dumps([json.load(urlopen(base + path))["data"] for path in sys.argv[1:]]))
"""
TRACE = "6bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def active_cloud(observed: Compose, browser: Browser) -> Compose:
    """The cloud after a plot was published, and after an outage of its storage."""
    key = register_user(running_cloud(observed), "olga")
    url = publish_and_check(observed.url, key, browser)
    requests.get(url, headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, timeout=30)
    observed("stop", "redis")
    response = requests.get(
        f"{observed.url}/olga/plots", headers={"Authorization": f"Bearer {key}"}, timeout=90
    )
    observed.up("--no-recreate")  # which waits until it is healthy, other than `start`
    # A run of the collector that failed in the outage would be retried in ten minutes; this one is sooner.
    observed("exec", "-T", "gc-worker", "sh", "-c", "with-secrets python -m bokeh_gc --once || true")
    assert response.status_code == 503
    return observed


def query_prometheus(compose: Compose, *paths: str) -> list[dict[str, object]]:
    """Return the data of responses of Prometheus, which only containers reach."""
    printed = compose("exec", "-T", "web", "python", "-c", QUERY_PROGRAM, *paths)
    data: list[dict[str, object]] = json.loads(printed)
    return data


def wait_for_value(expected: object, function: Callable[[], object]) -> None:
    """Wait until a function returns the expected value."""
    deadline = time.monotonic() + DEADLINE
    while (found := function()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(2)


def test_prometheus_scrapes_every_service(active_cloud: Compose) -> None:
    def targets() -> dict[str, list[str]]:
        [data] = query_prometheus(active_cloud, "targets?state=active")
        found: dict[str, list[str]] = {}
        for target in data["activeTargets"]:  # type: ignore[attr-defined]  # a list
            found.setdefault(target["labels"]["job"], []).append(target["health"])
        return found

    wait_for_value({name: ["up"] for name in SERVICES}, targets)


def test_every_query_of_the_dashboard_has_a_result(active_cloud: Compose) -> None:
    def without_result() -> list[str]:
        queries = expressions()
        results = query_prometheus(active_cloud, *(f"query?query={quote(query)}" for query in queries))
        return [query for query, data in zip(queries, results, strict=True) if not data["result"]]

    wait_for_value([], without_result)


def test_a_trace_is_exported_to_jaeger(active_cloud: Compose) -> None:
    def has_arrived() -> bool:
        [jaeger] = active_cloud.containers("jaeger")
        spans = [json.loads(line) for line in docker("logs", jaeger).splitlines()]
        services = {span["service"] for span in spans if span["trace"] == TRACE}
        return {"bokeh-cloud-web", "bokeh-cloud-plots"} <= services

    wait_for_value(True, has_arrived)
