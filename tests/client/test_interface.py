"""The documented Python interface, line by line, in a terminal and with an account."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.users import RunningCloud

SETUP = """
import numpy as np
import bokeh.io
import bokeh_cloud
from bokeh.plotting import figure
email, username = "lines@example.com", "lines"
fig = figure(title="Sine")
t = np.arange(10.0)
y, z = np.sin(t), np.cos(t)
for version in (1, 2):
    fig.line(t, y * version)
    bokeh_cloud.Cloud().publish(fig, "sine")
fig.line(t, z)
"""

LINES = """
import bokeh_cloud
cloud = bokeh_cloud.Cloud()
server = bokeh_cloud.Server()
server.register(email, username, quiet=False)
plot = cloud.publish(fig, "sine")
plot.url, plot.embed_url, plot.version, plot.share(expires="7d"), plot.versions(), plot.rollback(3)
cloud.plots(); cloud.data()
src = cloud.DataSource(t=t, y=y)
fig.line("t", "y", source=src)
src.columns(); src.add(z=z); src.remove("y"); src.commit(); src.stream(t=[10.0], z=[0.5]); src.to_pandas()
bokeh_cloud.output_server("http://localhost:5006"); bokeh_cloud.output_cloud("sine"); bokeh.io.show(fig)
bokeh_cloud.install()
"""

#: The lines of the design that name Bokeh itself, after `install()`; `apikey` and `url` are as on that page.
BOKEH_LINES = """
import bokeh
cloud = bokeh.Cloud()
cloud = bokeh.Cloud(apikey)
server = bokeh.Server()
server = bokeh.Server(apikey)
server = bokeh.Server(url, apikey)
server.register(email, username, quiet=False)
server = bokeh.plotting.output_server(url)
server = bokeh.plotting.output_server(url, apikey)
cloud = bokeh.plotting.output_cloud(apikey)
bokeh.io.show(fig)
cloud = bokeh.plotting.output_cloud("sine")
bokeh.io.save(fig)
print(server.url == cloud.url, server.user_id == cloud.user_id)
"""


def test_every_line_runs_unchanged(
    accounts: RunningCloud, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_URL", accounts.url)
    monkeypatch.setenv("BOKEH_CLOUD_API_KEY", key)
    monkeypatch.setenv("BOKEH_CLOUD_BROWSER", "no")
    names = f"url, apikey = {accounts.url!r}, {key!r}\n"
    (tmp_path / "lines.py").write_text(SETUP + LINES + names + BOKEH_LINES)
    outer, inner = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "lines.py"],
        cwd=tmp_path, stdin=inner, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    os.close(outer)
    os.close(inner)
    assert done.returncode == 0, done.stderr
    assert f"{accounts.url}/account" in done.stdout
    assert done.stdout.endswith("True True\n"), done.stdout
    assert key not in done.stdout + done.stderr
