"""The garbage collector of the embedded cloud, which runs in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import bokeh.plotting
import requests

import bokeh_cloud
from bokeh_cloud import Plot
from bokeh_common.storage import open_records
from tests.support.embedded_server import one_process
from tests.support.waiting import wait_until

SECONDS = 60


def publish(url: str, name: str) -> Plot:
    figure = bokeh.plotting.figure()
    figure.line([1, 2, 3], [4, 5, len(name)])
    return bokeh_cloud.Server(url=url).publish(figure, name)


def orphans(url: str) -> list[object]:
    return list(requests.get(f"{url}/local/gc/orphans", timeout=30).json()["orphans"])


def test_the_embedded_cloud_collects_garbage(tmp_path: Path) -> None:
    with one_process(
        f"local://{tmp_path}", BOKEH_CLOUD_GC_EVERY_HOURS="0.0003", BOKEH_CLOUD_GC_GRACE_HOURS="0"
    ) as url:
        publish(url, "kept")
        publish(url, "gone").delete()
        wait_until(lambda: bool((report(tmp_path) or {}).get("freed")), SECONDS)
        wait_until(lambda: not orphans(url), SECONDS)
        assert len(requests.get(f"{url}/local/plots", timeout=30).json()["plots"]) == 1
    assert not leases(tmp_path)


def test_the_collector_ends_with_its_server_and_releases_its_lease(tmp_path: Path) -> None:
    environ = {**os.environ, "BOKEH_CLOUD_STORAGE": f"local://{tmp_path}", "BOKEH_CLOUD_GC_REST": "1e6"}
    command = [sys.executable, "-m", "bokeh_cloud_server.gc_process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as process:
        wait_until(lambda: bool(leases(tmp_path)) or process.poll() is not None, SECONDS)
        assert process.poll() is None
        assert process.communicate(timeout=30)[1] == b""  # closes its standard input
    assert process.returncode == 1
    assert not leases(tmp_path)
    assert report(tmp_path) is None


def leases(storage: Path) -> list[object]:
    return list(open_records(f"local://{storage}", "gc").list("leases/"))


def report(storage: Path) -> dict[str, object] | None:
    found = open_records(f"local://{storage}", "gc").list("report")
    return found[0].value if found else None
