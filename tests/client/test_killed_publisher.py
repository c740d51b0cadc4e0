"""If a publisher is killed, the plot keeps its version, and the next attempt uploads only what is missing."""

import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud

PROGRAM = """
import sys, time
import numpy as np, requests
from bokeh.plotting import figure
import bokeh_cloud

stop_at = int(sys.argv[1])
count, original_send = 0, requests.Session.send

def send(self, request, **how):
    global count
    count += 1
    if count == stop_at:
        print("stopped", flush=True)
        time.sleep(60)
    return original_send(self, request, **how)

requests.Session.send = send
x = np.random.default_rng(stop_at).random((6, 600_000))
p = figure()
for row in x:
    p.line(np.arange(10.0), row[:10])
    p.renderers[-1].data_source.data["more"] = row[:10]
    p.renderers[-1].data_source.data = {"x": row, "y": row[::-1].copy()}
bokeh_cloud.Server().publish(p, "killed")
print("done", flush=True)
"""


def make_figure() -> figure:
    fig = figure()
    fig.line([0, 1], [0, 1])
    return fig


@pytest.mark.parametrize("stop_at", [1, 2, 3, 8, 20, 27, 30, 33])
def test_a_killed_publisher_leaves_the_old_version(
    server: bokeh_cloud.Server, stop_at: int, uploads: list[int]
) -> None:
    before = server.publish(make_figure(), "killed")
    command = [sys.executable, "-c", PROGRAM, str(stop_at)]
    publisher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert publisher.stdout is not None
    status = publisher.stdout.readline()
    time.sleep(0.2)  # so that other requests may be interrupted, too
    publisher.kill()
    publisher.wait(timeout=30)
    now = server.plot("killed")
    if status.startswith("stopped"):
        assert now.version == before.version
        assert requests.get(now.url, timeout=30).status_code == 200
        assert server.plot("killed").to_document().roots
    uploads.clear()
    x = np.random.default_rng(stop_at).random((6, 600_000))
    again: Any = figure()
    for row in x:
        again.line(np.arange(10.0), row[:10])
        again.renderers[-1].data_source.data = {"x": row, "y": row[::-1].copy()}
    plot = server.publish(again, "killed")
    assert plot.version == now.version + (0 if plot.unchanged else 1)
    total = 2 * x.nbytes
    if stop_at > 20:  # most chunks were uploaded before
        assert sum(uploads) < total / 2
    uploads.clear()
    assert server.publish(again, "killed").unchanged
    assert not uploads
