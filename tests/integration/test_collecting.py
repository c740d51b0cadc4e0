"""The garbage collector of the embedded cloud: a process that comes when it is time."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bokeh.plotting
import requests

import bokeh_cloud
from bokeh_cloud import Plot
from bokeh_common.storage import open_records
from tests.conftest import one_process


def until(done: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for something; it must not take too long."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def publish(url: str, name: str) -> Plot:
    figure = bokeh.plotting.figure()
    figure.line([1, 2, 3], [4, 5, len(name)])
    return bokeh_cloud.Server(url=url).publish(figure, name)


def orphans(url: str) -> list[object]:
    return list(requests.get(f"{url}/local/gc/orphans", timeout=30).json()["orphans"])


def test_it_collects_beside_the_server(tmp_path: Path) -> None:
    with one_process(
        f"local://{tmp_path}", BOKEH_CLOUD_GC_EVERY_HOURS="0.0003", BOKEH_CLOUD_GC_GRACE_HOURS="0"
    ) as url:
        publish(url, "kept")
        publish(url, "gone").delete()
        until(lambda: (report(tmp_path) or {}).get("freed"))
        until(lambda: not orphans(url))
        assert len(requests.get(f"{url}/local/plots", timeout=30).json()["plots"]) == 1
    assert not leases(tmp_path)


def test_it_ends_with_its_server_and_leaves_no_lease(tmp_path: Path) -> None:
    environ = {**os.environ, "BOKEH_CLOUD_STORAGE": f"local://{tmp_path}", "BOKEH_CLOUD_GC_REST": "1e6"}
    command = [sys.executable, "-m", "collecting"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as process:
        until(lambda: leases(tmp_path) or process.poll() is not None)
        assert process.poll() is None
        assert process.communicate(timeout=30)[1] == b""  # its standard input ends
    assert process.returncode == 1
    assert not leases(tmp_path)
    assert report(tmp_path) is None


def leases(storage: Path) -> list[object]:
    return list(open_records(f"local://{storage}", "gc").list("leases/"))


def report(storage: Path) -> dict[str, object] | None:
    found = open_records(f"local://{storage}", "gc").list("report")
    return found[0].value if found else None
