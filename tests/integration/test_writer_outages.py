"""Writers lose and double no row: killed servers, lost responses, killed writers, on two storages."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bokeh_cloud
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.data.streaming import server_outage
from bokeh_common.storage.testing.servers.processes import redis_server
from bokeh_common.storage.testing.servers.proxy import FaultProxy
from tests.support.embedded_server import wait_for
from tests.support.ports import free_port
from tests.support.waiting import wait_until

#: Streams numbers until it is killed, and prints each one that was accepted.
SENSOR = """
import sys, time
import bokeh_cloud
source = bokeh_cloud.Server().source("killed")
writer = source.writer(spool=sys.argv[1], flush_interval=0.05, batch_rows=7)
number = int(sys.argv[2])
while True:
    writer.stream(y=[number])
    print(number, flush=True)
    number += 1
    time.sleep(0.002)
"""


class KilledServer:
    """A cloud in one process on a storage and a port, which can be killed and started again."""

    def __init__(self, storage: str, port: int) -> None:
        self.port = port
        self.url = f"http://localhost:{port}"
        program = str(Path(sys.executable).with_name("bokeh-cloud"))
        serve = [program, "serve", "--port", str(port), "--no-samples", "--storage", storage]
        self._command = serve
        self.start()

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        wait_for(f"{self.url}/health/ready", self._process)

    def kill(self) -> None:
        """Kill it with all of its processes."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=60)


@pytest.fixture(scope="module", params=["local", "redis"])
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a cloud, which tests kill and start again."""
    folder = tmp_path_factory.mktemp(f"writers-{request.param}")
    redis = redis_server(folder) if request.param == "redis" else None
    storage = f"redis://127.0.0.1:{redis.port}/0" if redis else f"local://{folder}"
    request.module.running = running = KilledServer(storage, free_port())
    yield running.url
    running.kill()
    if redis:
        redis.stop()


@pytest.fixture
def running(cloud: str, request: pytest.FixtureRequest) -> KilledServer:
    """Return the cloud."""
    found: KilledServer = request.module.running
    assert found.url == cloud
    return found


@pytest.fixture
def server(cloud: str) -> bokeh_cloud.Server:
    return bokeh_cloud.Server(cloud)


@pytest.fixture
def src(server: bokeh_cloud.Server, request: pytest.FixtureRequest) -> RemoteDataSource:
    return server.DataSource(request.node.name, dtypes={"y": int})


@pytest.fixture(autouse=True)
def _environment(cloud: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Use the cloud, without a configuration, and try again after at most a second."""
    monkeypatch.setenv("BOKEH_CLOUD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("BOKEH_CLOUD_URL", cloud)
    monkeypatch.setattr(server_outage, "MAX_DELAY", 1.0)


def values_of(source: RemoteDataSource) -> list[Any]:
    values: list[Any] = source.refresh().rows("y")["y"].tolist()
    return values


@pytest.mark.parametrize("with_spool", [False, True])
def test_a_server_that_is_killed_several_times_loses_and_doubles_nothing(
    running: KilledServer, src: RemoteDataSource, tmp_path: Path, caplog: Any, with_spool: bool
) -> None:
    spool = tmp_path / "spool" if with_spool else None
    number = 0
    with src.writer(flush_interval=0.02, batch_rows=9, spool=spool) as writer:
        for _ in range(3):
            until = time.monotonic() + 0.7
            while time.monotonic() < until:
                writer.stream(y=[number])
                number += 1
                time.sleep(0.001)
            running.kill()
            for _ in range(50):
                writer.stream(y=[number])
                number += 1
            wait_until(lambda: writer._outage.reason, 30)
            running.start()
        writer.flush(60)
    assert values_of(src) == list(range(number))
    assert "rows are kept" in caplog.text
    assert "rows are accepted again after" in caplog.text


@pytest.mark.parametrize("losses", [1, 7])
def test_lost_responses_double_nothing(running: KilledServer, src: RemoteDataSource, losses: int) -> None:
    proxy = FaultProxy(running.port)
    client = bokeh_cloud.Server(f"http://127.0.0.1:{proxy.port}")
    with client.source(src.source_id).writer(flush_interval=0) as writer:
        with proxy.losing_responses(losses):
            for number in range(20):
                writer.stream(y=[number])
                time.sleep(0.01)
            wait_until(lambda: proxy.faults == losses, 60)
        writer.flush(60)
    proxy.close()
    assert values_of(src) == list(range(20))


STATUSES = ["200 OK", "302 Found", "404 Not Found", "429 Too Many Requests", "500 Internal Server Error"]


@pytest.mark.parametrize("status", [*STATUSES, "503 Service Unavailable"])
def test_responses_of_others_than_the_server_are_an_outage(
    running: KilledServer, src: RemoteDataSource, status: str
) -> None:
    proxy = FaultProxy(running.port)
    client = bokeh_cloud.Server(f"http://127.0.0.1:{proxy.port}")
    with client.source(src.source_id).writer(flush_interval=0) as writer:
        with proxy.responding(status):
            writer.stream(y=[1])
            wait_until(lambda: proxy.faults > 1, 30)
        writer.stream(y=[2])
        writer.flush(60)
    proxy.close()
    assert values_of(src) == [1, 2]


def test_other_clients_append_while_a_response_is_lost(running: KilledServer, src: RemoteDataSource) -> None:
    """The server remembers the last keys of clients that are not writers; these are more than that."""
    proxy = FaultProxy(running.port)
    client = bokeh_cloud.Server(f"http://127.0.0.1:{proxy.port}")
    with client.source(src.source_id).writer(flush_interval=0) as writer, proxy.losing_responses():
        writer.stream(y=[1])
        wait_until(lambda: proxy.faults)
        with proxy.resetting():
            for _ in range(105):
                src.stream(y=[-1])
    proxy.close()
    assert [value for value in values_of(src) if value >= 0] == [1]


def test_a_killed_writer_loses_and_doubles_nothing(
    server: bokeh_cloud.Server, running: KilledServer, tmp_path: Path
) -> None:
    source = server.DataSource("killed", dtypes={"y": int})
    accepted, start = [], 0
    for seconds in (0.5, 0.3, 0.8, 0.4):
        command = [sys.executable, "-c", SENSOR, str(tmp_path / "spool"), str(start)]
        sensor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert sensor.stdout is not None
        accepted.append(int(sensor.stdout.readline()))
        time.sleep(seconds)
        sensor.kill()
        accepted += [int(line) for line in sensor.stdout if line.endswith("\n")]
        sensor.wait(timeout=30)
        start = accepted[-1] + 2  # the next row may be in the spool, though it was not printed
    with source.refresh().writer(spool=tmp_path / "spool"):
        pass
    values = values_of(source)
    assert values == sorted(set(values))
    assert set(accepted) <= set(values)
    assert len(values) <= len(accepted) + 4


def test_rows_of_a_spool_are_sent_by_the_next_writer(
    running: KilledServer, src: RemoteDataSource, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = tmp_path / "spool"
    running.kill()
    try:
        with src.writer(spool=spool, flush_interval=0) as writer:
            for number in range(10):
                writer.stream(y=[number])
            wait_until(lambda: writer._outage.reason, 30)
        assert "10 rows are not stored yet" in caplog.text
        assert f"They stay in {spool}" in caplog.text
        assert "cannot be reached" in caplog.text
    finally:
        running.start()
    with src.writer(spool=spool) as writer:
        assert writer.pending == 10
        writer.stream(y=[10])
    assert values_of(src) == list(range(11))


def test_without_a_spool_lost_rows_are_an_error(running: KilledServer, src: RemoteDataSource) -> None:
    running.kill()
    try:
        writer = src.writer(flush_interval=0)
        writer.stream(y=[1, 2])
        with pytest.raises(bokeh_cloud.ServerUnreachable, match=r"2 rows are not stored.*They are lost"):
            writer.close(timeout=3)
    finally:
        running.start()
    assert values_of(src) == []


def test_a_full_buffer_says_that_the_server_is_away(running: KilledServer, src: RemoteDataSource) -> None:
    running.kill()
    try:
        writer = src.writer(flush_interval=0, max_rows=5)
        writer.stream(y=[1, 2, 3])
        wait_until(lambda: writer._outage.reason, 30)
        with pytest.raises(bokeh_cloud.BufferFull, match=r"3 rows were not accepted: .*cannot be reached"):
            writer.stream(y=[4, 5, 6])
        writer.stream(y=[4, 5])
    finally:
        running.start()
    writer.close()
    assert values_of(src) == [1, 2, 3, 4, 5]
