"""Who watches a plot hears of new versions, and of changes of its live data."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.integration.test_api_spec.caller import Caller, document

OWN_PROCESSES = True
SECONDS = 15


@pytest.fixture
def local(cloud: str) -> Caller:
    return Caller(cloud, "local")


@contextmanager
def watching(cloud: str, plot: str) -> Iterator["queue.Queue[str]"]:
    """Hear the names of the events of a plot."""
    heard: queue.Queue[str] = queue.Queue()
    answer = requests.get(f"{cloud}/plots/{plot}/events", stream=True, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/event-stream"

    def listen() -> None:
        try:
            for line in answer.iter_lines(chunk_size=1):
                if line.startswith((b"event: ", b"retry: ")):
                    heard.put(line.decode().split(": ")[1])
        except (requests.RequestException, AttributeError, ValueError):
            pass  # it was closed below

    threading.Thread(target=listen, daemon=True).start()
    assert heard.get(timeout=SECONDS) == "3000"
    yield heard
    answer.close()


def test_a_new_version_and_new_data(local: Caller, cloud: str) -> None:
    columns = {"y": local.upload(1.0, 2.0)}
    source = local.ok("POST", "/{user}/data", json={"name": "watched", "live": True, "columns": columns})
    body = {
        "name": "watched live",
        "document": document(source["columns"]["y"]),
        "sources": [{"model": "p2", "id": source["id"]}],
    }
    plot = local.ok("POST", "/{user}/store", json=body)
    with watching(cloud, plot["id"]) as heard:
        local.ok("POST", f"/{{user}}/data/{source['id']}/rows", json={"rows": {"y": [3.0]}})
        assert heard.get(timeout=SECONDS) == "data"
        local.ok("POST", "/{user}/store", json={**body, "document": document(source["columns"]["y"], "new")})
        assert heard.get(timeout=SECONDS) == "version"


def test_a_plot_that_is_not_there(cloud: str) -> None:
    assert requests.get(f"{cloud}/plots/{'x' * 16}/events", timeout=30).status_code == 404


def test_streams_are_bounded_and_end_with_their_listeners(local: Caller, cloud: str) -> None:
    plot = local.plot("watched by many", 1.0)["id"]
    url = f"{cloud}/plots/{plot}/events"
    answers = [requests.get(url, stream=True, timeout=30) for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {503}
    assert all("Retry-After" in answer.headers for answer in refused)
    for answer in answers:
        answer.close()
    # A server finds out who is gone when it writes to them.
    for _ in range(SECONDS * 2):
        with requests.get(url, stream=True, timeout=30) as answer:
            if answer.status_code == 200:
                return
        threading.Event().wait(0.5)
    raise AssertionError("nobody can watch any more")
