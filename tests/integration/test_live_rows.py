"""Appended rows are pushed to all listeners, each of them once."""

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from bokeh_common.storage.testing.servers.processes import redis_server
from tests.integration.test_api_spec.caller import Caller, document
from tests.support.live_rows import EventReader, LiveRows, open_stream, state_of
from tests.support.processes import start_services

SEPARATE_PROCESSES = True

ATTEMPTS = 5  # of which one has to be fast, as the machine may be busy


@dataclass
class LivePlot:
    """A plot of a live source with a column `y`, which has two rows at first."""

    caller: Caller
    plot: str
    source: str

    def append(self, *values: float, rollover: int | None = None) -> None:
        body = {"rows": {"y": list(values)}, **({} if rollover is None else {"rollover": rollover})}
        self.caller.ok("POST", f"/{{user}}/data/{self.source}/rows", json=body)

    def rows(self) -> list[float]:
        response = self.caller("GET", f"/{{user}}/data/{self.source}.csv")
        return [float(line) for line in response.text.split()[1:]]

    @property
    def state(self) -> str:
        return state_of(self.caller.url, self.plot)


def publish(cloud: str, name: str) -> LivePlot:
    caller = Caller(cloud, "local")
    source = caller.live_source(1.0, 2.0, name=name)
    body = {
        "name": name,
        "document": document(source["columns"]["y"]),
        "sources": [{"model": "p2", "id": source["id"]}],
    }
    return LivePlot(caller, caller.ok("POST", "/{user}/store", json=body)["id"], source["id"])


def assert_appends_arrive(live: LivePlot, seconds: float = 1.0) -> None:
    """Append rows until one arrives in time."""
    with open_stream(live.caller.url, live.plot, live.state) as events:
        taken = []
        for _ in range(ATTEMPTS):
            started = time.monotonic()
            live.append(3.0)
            event = events.next()
            assert event is not None
            taken.append(float(event["at"]) - started)
            if taken[-1] < seconds:
                return
    raise AssertionError(f"events took {taken} seconds")


@pytest.fixture
def live(cloud: str, request: pytest.FixtureRequest) -> LivePlot:
    return publish(cloud, f"rows of {request.node.name}")


def test_an_append_arrives_within_a_second(live: LivePlot) -> None:
    assert_appends_arrive(live)


def follow(events: EventReader, rows: LiveRows, last: float) -> None:
    while not rows.rows or rows.rows[-1] != last:
        event = events.next()
        assert event is not None, "the stream ended"
        rows.apply(event)


def test_no_listener_misses_a_row_or_gets_it_twice(live: LivePlot) -> None:
    """One follows all the time, and others come and go."""
    state, last = live.state, 123.0
    steady = LiveRows([1.0, 2.0], state)
    restless = LiveRows([1.0, 2.0], state)

    def append_all() -> None:
        for number in range(60):
            live.append(
                *[number + part / 8 for part in range(number % 4 + 1)], rollover=50 if number % 5 else None
            )
        live.append(last)

    appending = Thread(target=append_all)
    with open_stream(live.caller.url, live.plot, state) as events:
        appending.start()
        while restless.rows[-1] != last:
            with open_stream(live.caller.url, live.plot, restless.state) as others:
                event = others.next()
                assert event is not None
                restless.apply(event)
        follow(events, steady, last)
    appending.join()
    assert steady.rows == live.rows()
    assert restless.rows == live.rows()


def test_a_listener_that_was_away_gets_the_rows_since_its_last_event(live: LivePlot) -> None:
    rows = LiveRows([1.0, 2.0], live.state)
    for number in range(5):
        live.append(float(number))
    with open_stream(live.caller.url, live.plot, rows.state) as events:
        event = events.next()
        assert event is not None
        rows.apply(event)
    assert rows.rows == live.rows()


def test_columns_that_are_not_drawn_are_not_sent(cloud: str) -> None:
    caller = Caller(cloud, "local")
    columns = {"y": caller.upload(1.0), "secret": caller.upload(2.0)}
    body = {"name": "with a hidden column", "live": True, "columns": columns}
    source = caller.ok("POST", "/{user}/data", json=body)
    plot = caller.ok(
        "POST",
        "/{user}/store",
        json={
            "name": "hides a column",
            "document": document(source["columns"]["y"]),
            "sources": [{"model": "p2", "id": source["id"]}],
        },
    )
    with open_stream(cloud, plot["id"], state_of(cloud, plot["id"])) as events:
        rows = {"rows": {"y": [3.0], "secret": [4.0]}}
        caller.ok("POST", f"/{{user}}/data/{source['id']}/rows", json=rows)
        event = events.next()
    assert event is not None
    assert '"y"' in event["data"]
    assert "secret" not in event["data"]


def test_processes_send_notices_over_redis(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = redis_server(folder)
    url = f"redis://127.0.0.1:{server.port}/0"
    storage = f"local://{tmp_path / 'storage'}"
    try:
        with start_services(storage, scale={"web": 2}, BOKEH_CLOUD_REDIS_URL=url) as processes:
            live = publish(processes.url, "with redis")
            assert_appends_arrive(live, 0.4)  # less than without notices
            server.kill()
            live.append(4.0)
            assert_appends_arrive(live)
    finally:
        server.stop()
