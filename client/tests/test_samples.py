"""The samples are the first thing that a new user sees."""

import os
import subprocess
import sys

import pytest

from bokeh_cloud import Server
from bokeh_cloud.documents import serialise
from bokeh_cloud.samples import SAMPLES, publish_samples

from .inmemory import InMemoryCloud


def test_each_is_published_once(server: Server, cloud: InMemoryCloud) -> None:
    plots = publish_samples(server)
    assert [plot.name for plot in plots] == list(SAMPLES)
    assert publish_samples(server) == []
    again = [server.publish(make(), name, title=title) for name, (title, make) in SAMPLES.items()]
    assert all(plot.unchanged for plot in again)


@pytest.mark.parametrize("name", SAMPLES)
def test_they_fit_every_window_and_bokeh_finds_no_fault(name: str, caplog: pytest.LogCaptureFixture) -> None:
    content, scripts = serialise(SAMPLES[name][1]())
    assert content["roots"][0]["attributes"]["sizing_mode"] == "stretch_width"
    assert scripts.extensions == ()
    assert not caplog.records


def test_the_command_says_where_they_are(cloud: InMemoryCloud) -> None:
    command = [sys.executable, "-m", "bokeh_cloud.samples", cloud.url]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONWARNINGS": "error"}
    )
    assert [line.split(": ")[0] for line in run.stdout.splitlines()] == list(SAMPLES)
    assert cloud.url in run.stdout
