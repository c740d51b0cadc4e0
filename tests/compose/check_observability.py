"""What an operator sees, by its file over compose.yaml: a real Prometheus, and spans at Jaeger's address.

Grafana's and Jaeger's own programs are in no registry of packages, so they are not run.
"""

import json
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser

from tests.compose.conftest import registered, seen_by
from tests.compose.engine import OURS, Compose, docker
from tests.compose.seen import published
from tests.integration.dashboard import expressions

DEADLINE = 120  # seconds; Prometheus asks every ten, and needs two answers for a rate
ASK = """
import json, sys
from urllib.request import urlopen
base = "http://prometheus:9090/api/v1/"
print(json.dumps([json.load(urlopen(base + path))["data"] for path in sys.argv[1:]]))
"""
TRACE = "6bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def seen(observed: Compose, browser: Browser) -> Compose:
    """The cloud, after somebody published, and after its storage was away."""
    key = registered(seen_by(observed), "olga")
    url = published(observed.url, key, browser)
    requests.get(url, headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, timeout=30)
    observed("stop", "redis")
    answer = requests.get(
        f"{observed.url}/olga/plots", headers={"Authorization": f"Bearer {key}"}, timeout=90
    )
    observed("start", "redis")
    # A collection that met that would be tried again in ten minutes; one that is under way does as well.
    observed("exec", "-T", "gc-worker", "sh", "-c", "with-secrets python -m bokeh_gc --once || true")
    assert answer.status_code == 503
    return observed


def ask(compose: Compose, *paths: str) -> list[dict[str, object]]:
    """Ask Prometheus, which only containers reach."""
    answers: list[dict[str, object]] = json.loads(compose("exec", "-T", "web", "python", "-c", ASK, *paths))
    return answers


def becomes(wanted: object, look: Callable[[], object]) -> None:
    """Wait until what one sees is what is wanted."""
    deadline = time.monotonic() + DEADLINE
    while (found := look()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(2)


def test_prometheus_reaches_every_service(seen: Compose) -> None:
    def targets() -> dict[str, list[str]]:
        [answer] = ask(seen, "targets?state=active")
        found: dict[str, list[str]] = {}
        for one in answer["activeTargets"]:  # type: ignore[attr-defined]  # a list
            found.setdefault(one["labels"]["job"], []).append(one["health"])
        return found

    becomes({name: ["up"] for name in OURS}, targets)


def test_every_question_of_the_dashboard_has_an_answer(seen: Compose) -> None:
    def unanswered() -> list[str]:
        asked = expressions()
        answers = ask(seen, *(f"query?query={quote(one)}" for one in asked))
        return [one for one, answer in zip(asked, answers, strict=True) if not answer["result"]]

    becomes([], unanswered)


def test_a_trace_reaches_jaegers_address(seen: Compose) -> None:
    def has_arrived() -> bool:
        [jaeger] = seen.containers("jaeger")
        spans = [json.loads(line) for line in docker("logs", jaeger).splitlines()]
        services = {span["service"] for span in spans if span["trace"] == TRACE}
        return {"bokeh-cloud-web", "bokeh-cloud-plots"} <= services

    becomes(True, has_arrived)
