"""A publisher that is killed leaves the old version showing; the next one sends only what is missing."""

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
seen, real = 0, requests.Session.send

def send(self, request, **how):
    global seen
    seen += 1
    if seen == stop_at:
        print("now", flush=True)
        time.sleep(60)
    return real(self, request, **how)

requests.Session.send = send
bokeh_cloud.upload.UPLOADS = 1
x = np.random.default_rng(stop_at).random((6, 600_000))
p = figure()
for row in x:
    p.line(np.arange(10.0), row[:10])
    p.renderers[-1].data_source.data["more"] = row[:10]
    p.renderers[-1].data_source.data = {"x": row, "y": row[::-1].copy()}
bokeh_cloud.Server().publish(p, "killed")
print("done", seen, flush=True)
"""


def plain() -> figure:
    drawn = figure()
    drawn.line([0, 1], [0, 1])
    return drawn


@pytest.mark.parametrize("stop_at", [1, 2, 3, 8, 20, 27, 30, 33])
def test_killed_at_any_request(
    server: bokeh_cloud.Server, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = server.publish(plain(), "killed")
    command = [sys.executable, "-c", PROGRAM.replace("bokeh_cloud.upload.UPLOADS = 1", ""), str(stop_at)]
    publisher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert publisher.stdout is not None
    said = publisher.stdout.readline()
    time.sleep(0.2)  # other requests of it may be under way, and may be cut in their middle
    publisher.kill()
    publisher.wait(timeout=30)
    now = server.plot("killed")
    if said.startswith("now"):
        assert now.version == before.version
        assert requests.get(now.url, timeout=30).status_code == 200
        assert server.plot("killed").to_document().roots
    sent: list[int] = []
    real = requests.Session.send

    def counting(
        self: requests.Session, request: requests.PreparedRequest, **how: object
    ) -> requests.Response:
        if request.method == "PUT":
            sent.append(len(request.body or b""))
        return real(self, request, **how)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(requests.Session, "send", counting)
    x = np.random.default_rng(stop_at).random((6, 600_000))
    again: Any = figure()
    for row in x:
        again.line(np.arange(10.0), row[:10])
        again.renderers[-1].data_source.data = {"x": row, "y": row[::-1].copy()}
    plot = server.publish(again, "killed")
    assert plot.version == now.version + (0 if plot.unchanged else 1)
    total = 2 * x.nbytes
    if stop_at > 20:  # most had arrived by then
        assert sum(sent) < total / 2
    sent.clear()
    assert server.publish(again, "killed").unchanged
    assert not sent
