"""Who watches a plot hears of new versions, and of changes of its live data."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import requests

from tests.integration.test_api_spec.caller import Caller, document

OWN_PROCESSES = True
SECONDS = 15


@pytest.fixture
def local(cloud: str) -> Caller:
    return Caller(cloud, "local")


@contextmanager
def watching(cloud: str, plot: str, **query: str) -> Iterator["queue.Queue[tuple[str, str]]"]:
    """Get the fields of the events of a plot as they come."""
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    answer = requests.get(f"{cloud}/plots/{plot}/events", query, stream=True, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/event-stream"

    def listen() -> None:
        try:
            for line in answer.iter_lines(chunk_size=1):
                if line.rstrip(b":"):
                    name, _, value = line.decode().partition(": ")
                    heard.put((name, value))
        except (requests.RequestException, AttributeError, ValueError):
            pass  # it was closed below
        heard.put(("end", ""))

    threading.Thread(target=listen, daemon=True).start()
    yield heard
    answer.close()


def next_of(heard: "queue.Queue[tuple[str, str]]", *names: str) -> str:
    """Return the value of the next field that has one of these names."""
    while True:
        name, value = heard.get(timeout=SECONDS)
        if name in names:
            return value


@pytest.fixture
def live(local: Caller) -> tuple[dict[str, Any], dict[str, Any]]:
    """Publish a plot of a live data source; return what was sent, and the plot."""
    columns = {"y": local.upload(1.0, 2.0)}
    source = local.ok("POST", "/{user}/data", json={"name": "watched", "live": True, "columns": columns})
    body = {
        "name": "watched live",
        "document": document(source["columns"]["y"]),
        "sources": [{"model": "p2", "id": source["id"]}],
    }
    return body, local.ok("POST", "/{user}/store", json=body)


def append(local: Caller, body: dict[str, Any]) -> None:
    local.ok("POST", f"/{{user}}/data/{body['sources'][0]['id']}/rows", json={"rows": {"y": [3.0]}})


def republish(local: Caller, body: dict[str, Any]) -> None:
    column = local.ok("GET", f"/{{user}}/data/{body['sources'][0]['id']}")["columns"]["y"]
    local.ok("POST", "/{user}/store", json={**body, "document": document(column, "new")})


def test_a_new_version_and_new_data(local: Caller, cloud: str, live: Any) -> None:
    body, plot = live
    with watching(cloud, plot["id"]) as heard:
        assert next_of(heard, "retry") == "3000"
        append(local, body)
        assert next_of(heard, "event") == "data"
        republish(local, body)
        assert next_of(heard, "event") == "version"
        assert json.loads(next_of(heard, "data")) == {"version": plot["version"] + 1}


def test_who_comes_again_hears_what_they_missed(local: Caller, cloud: str, live: Any) -> None:
    body, plot = live
    with watching(cloud, plot["id"], since="0-nothing", wait="0") as heard:
        state = next_of(heard, "id")
    append(local, body)
    with watching(cloud, plot["id"], since=state) as heard:
        assert next_of(heard, "event") == "data"
        state = next_of(heard, "id")
    with watching(cloud, plot["id"], since=state, wait="0") as heard:
        assert next_of(heard, "retry") == "10000"
        assert next_of(heard, "end", "event") == "", "there is nothing new"
    republish(local, body)
    answer = requests.get(
        f"{cloud}/plots/{plot['id']}/events?wait=0", headers={"Last-Event-ID": state}, timeout=30
    )
    assert "event: version\n" in answer.text


def test_a_plot_that_is_not_there(cloud: str) -> None:
    assert requests.get(f"{cloud}/plots/{'x' * 16}/events", timeout=30).status_code == 404


def test_streams_are_bounded_and_end_with_their_listeners(local: Caller, cloud: str) -> None:
    """Who finds no room is answered at once, and asks again later."""
    plot = local.plot("watched by many", 1.0)["id"]
    with ExitStack() as stack:
        streams = [stack.enter_context(watching(cloud, plot)) for _ in range(8)]
        held = [stream for stream in streams if next_of(stream, "retry") == "3000"]
        assert 0 < len(held) < 8
    # A server finds out who is gone when it writes to them.
    for _ in range(SECONDS * 2):
        with watching(cloud, plot) as heard:
            if next_of(heard, "retry") == "3000":
                return
        threading.Event().wait(0.5)
    raise AssertionError("nobody can watch any more")
