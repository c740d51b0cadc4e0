"""The event stream of a plot announces new versions and changes of live data."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import requests

from tests.integration.test_api_spec.caller import Caller, document

SEPARATE_PROCESSES = True

#: The fields of events that were received, as names and values.
Fields = queue.Queue[tuple[str, str]]

SECONDS = 60


@pytest.fixture
def local(cloud: str) -> Caller:
    return Caller(cloud, "local")


@contextmanager
def subscribe(cloud: str, plot: str, **query: str) -> Iterator[Fields]:
    """Open the event stream of a plot, and receive its fields in another thread."""
    fields: Fields = queue.Queue()
    response = requests.get(f"{cloud}/plots/{plot}/events", query, stream=True, timeout=30)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/event-stream"

    def receive() -> None:
        try:
            for line in response.iter_lines(chunk_size=1):
                if line.rstrip(b":"):
                    name, _, value = line.decode().partition(": ")
                    fields.put((name, value))
        except (requests.RequestException, AttributeError, ValueError):
            pass  # the stream was closed below
        fields.put(("end", ""))

    threading.Thread(target=receive, daemon=True).start()
    yield fields
    response.close()


def next_field(fields: Fields, *names: str) -> str:
    """Return the value of the next field with one of these names."""
    while True:
        name, value = fields.get(timeout=SECONDS)
        if name in names:
            return value


@pytest.fixture
def live(local: Caller) -> tuple[dict[str, Any], dict[str, Any]]:
    """Publish a plot of a live data source; return the request's body and the plot."""
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


def test_new_versions_and_new_data_are_announced(local: Caller, cloud: str, live: Any) -> None:
    body, plot = live
    with subscribe(cloud, plot["id"]) as fields:
        assert next_field(fields, "retry") == "3000"
        append(local, body)
        assert next_field(fields, "event") == "data"
        republish(local, body)
        assert next_field(fields, "event") == "version"
        assert json.loads(next_field(fields, "data")) == {"version": plot["version"] + 1}


def test_a_client_that_reconnects_receives_missed_events(local: Caller, cloud: str, live: Any) -> None:
    body, plot = live
    with subscribe(cloud, plot["id"], since="0-nothing", wait="0") as fields:
        state = next_field(fields, "id")
    append(local, body)
    with subscribe(cloud, plot["id"], since=state) as fields:
        assert next_field(fields, "event") == "data"
        state = next_field(fields, "id")
    with subscribe(cloud, plot["id"], since=state, wait="0") as fields:
        assert next_field(fields, "retry") == "10000"
        assert next_field(fields, "end", "event") == "", "there is nothing new"
    republish(local, body)
    response = requests.get(
        f"{cloud}/plots/{plot['id']}/events?wait=0", headers={"Last-Event-ID": state}, timeout=30
    )
    assert "event: version\n" in response.text


def test_events_of_a_missing_plot_are_not_found(cloud: str) -> None:
    assert requests.get(f"{cloud}/plots/{'x' * 16}/events", timeout=30).status_code == 404


def test_more_streams_than_threads_are_served(local: Caller, cloud: str, live: Any) -> None:
    """Streams hold no thread of the server, so each gets all events, and other requests are served."""
    body, plot = live
    url = f"{cloud}/plots/{plot['id']}/events"
    with ExitStack() as stack:
        responses = [stack.enter_context(requests.get(url, stream=True, timeout=30)) for _ in range(40)]
        streams = [response.iter_lines(chunk_size=1) for response in responses]
        assert {next(stream) for stream in streams} == {b"retry: 3000"}
        append(local, body)
        for stream in streams:
            assert next(line for line in stream if line.startswith(b"event")) == b"event: data"
