"""Follows the live rows of a plot by its event stream, as a page does, and notices rows that are missing."""

import base64
import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import requests

SECONDS = 60


class WrongRows(AssertionError):
    """An event does not follow the one before."""


class LiveRows:
    """The rows of one column of a live source, of which a stream has sent the changes.

    Attributes:
        rows: the rows.
        state: the id of the last event.
    """

    def __init__(self, rows: list[float], state: str, column: str = "y") -> None:
        """Start with rows and the state in which the plot has them."""
        self.rows = list(rows)
        self.state = state
        self._column = column
        self._end = _end_of(state)

    def apply(self, event: Mapping[str, str]) -> None:
        """Apply an event.

        Raises:
            WrongRows: rows are missing, or were sent twice.
        """
        [source] = json.loads(event["data"])["sources"]
        _, _, end, count = source["position"]
        added = decode(source["rows"]["columns"][self._column])
        start = source["rows"]["start"]
        if start not in {self._end, end - count} or start < self._end or start + len(added) != end:
            raise WrongRows(f"rows {start} to {start + len(added)} of {end} after {self._end}")
        self.rows = [*self.rows, *added][-count:]
        self._end, self.state = end, event["id"]


def decode(encoded: Mapping[str, Any]) -> list[float]:
    """Return the rows of a column in an event."""
    if "values" in encoded:
        return list(encoded["values"])
    return list(np.frombuffer(base64.b64decode(encoded["data"]), encoded["dtype"]).tolist())


def _end_of(state: str) -> int:
    return int(state.split("-")[2].split(".")[2])


def state_of(cloud: str, plot: str, authorization: Mapping[str, str] | None = None) -> str:
    """Return the current state of a plot."""
    query = {"since": "0-nothing", "wait": "0"}
    response = requests.get(f"{cloud}/plots/{plot}/events", query, headers=authorization, timeout=SECONDS)
    response.raise_for_status()
    return next(line.removeprefix("id: ") for line in response.text.split("\n") if line.startswith("id: "))


class EventReader:
    """Receives the events of a stream in a thread of its own."""

    def __init__(self, response: requests.Response) -> None:
        self._events: queue.Queue[dict[str, str] | None] = queue.Queue()
        self._response = response
        threading.Thread(target=self._receive, daemon=True).start()

    def next(self, seconds: float = SECONDS) -> dict[str, str] | None:
        """Return the next event; None at the end of the stream."""
        return self._events.get(timeout=seconds)

    def _receive(self) -> None:
        event: dict[str, str] = {}
        try:
            for line in self._response.iter_lines(chunk_size=1):
                name, _, value = line.decode().partition(": ")
                if name:
                    event[name] = value
                elif event:
                    if "event" in event:
                        self._events.put({**event, "at": str(time.monotonic())})
                    event = {}
        except (requests.RequestException, AttributeError, ValueError):
            pass  # the stream was closed
        self._events.put(None)


@contextmanager
def open_stream(
    cloud: str, plot: str, since: str = "", authorization: Mapping[str, str] | None = None
) -> Iterator[EventReader]:
    """Open the event stream of a plot."""
    response = requests.get(
        f"{cloud}/plots/{plot}/events",
        {"since": since} if since else {},
        headers=authorization,
        stream=True,
        timeout=SECONDS,
    )
    assert response.status_code == 200, response.text
    yield EventReader(response)
    response.close()
