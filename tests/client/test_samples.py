"""The sample plots of a new cloud."""

import os
import subprocess
import sys

import pytest

from bokeh_cloud import Server
from bokeh_cloud.publishing.documents import serialise
from bokeh_cloud_server.samples import SAMPLES, publish_samples


@pytest.fixture
def empty_server(server: Server) -> Server:
    """Return a server without sample plots, whichever tests ran before."""
    for plot in server.plots():
        if plot.name in SAMPLES:
            plot.delete()
    return server


def test_each_is_published_once(empty_server: Server) -> None:
    plots = publish_samples(empty_server)
    assert [plot.name for plot in plots] == list(SAMPLES)
    assert publish_samples(empty_server) == []
    again = [empty_server.publish(make(), name, title=title) for name, (title, make) in SAMPLES.items()]
    assert all(plot.unchanged for plot in again)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_is_responsive_and_bokeh_logs_no_warning(name: str, caplog: pytest.LogCaptureFixture) -> None:
    content, scripts, _ = serialise(SAMPLES[name][1]())
    assert content["roots"][0]["attributes"]["sizing_mode"] == "stretch_width"
    assert scripts.extensions == ()
    # Only Bokeh's: servers of other tests, in threads of this process, log too.
    assert not [record for record in caplog.records if record.name.partition(".")[0] == "bokeh"]


def test_the_command_prints_their_urls(empty_server: Server) -> None:
    command = [sys.executable, "-m", "bokeh_cloud_server.samples", empty_server.url]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONWARNINGS": "error"}
    )
    assert [line.split(": ")[0] for line in run.stdout.splitlines()] == list(SAMPLES)
    assert empty_server.url in run.stdout
