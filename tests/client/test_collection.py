"""Copies, and what nothing refers to any more."""

import json
import subprocess
import sys

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from tests.integration.people import Cloud, Person


def drawn() -> figure:
    made = figure()
    made.line(np.arange(10.0), np.arange(10.0))
    return made


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bokeh_cloud", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_cloning_one_s_own(server: bokeh_cloud.Server) -> None:
    plot = server.publish(drawn(), "original")
    copy = plot.clone("copy")
    assert (copy.name, copy.version) == ("copy", 1)
    assert copy.to_json().content["roots"] == plot.to_json().content["roots"]
    with pytest.raises(bokeh_cloud.Rejected, match="copy"):
        plot.clone("copy")
    assert run("clone", "original", "--name", "third", "-q") == server.plot("third").url + "\n"
    with pytest.raises(bokeh_cloud.CloudError, match="no address of a plot on"):
        server.clone("https://example.org/plots/aaaa/show")


def test_cloning_what_was_shared(accounts: Cloud, key: str) -> None:
    maria = bokeh_cloud.Cloud(accounts.url, apikey=key)
    plot = maria.publish(drawn(), "shared with otto")
    otto = Person(accounts, "otto")
    otto.register()
    cloud = bokeh_cloud.Cloud(
        accounts.url, apikey=otto.make_key("plots:read", "plots:write", "data:read", "data:write", "account")
    )
    with pytest.raises(bokeh_cloud.NotFound):
        cloud.clone(plot.url)
    copy = cloud.clone(plot.share().url or "", "mine now")
    assert (copy.user_id, copy.name) == ("otto", "mine now")
    assert cloud.plot("mine now").to_json().buffers


def test_orphans_and_collecting_them(server: bokeh_cloud.Server) -> None:
    plot = server.publish(drawn(), "soon gone")
    plot.delete()
    report = server.gc.run(dry_run=True)
    assert report.dry_run
    assert sum(report.freed.values()) == len(list(server.gc.orphans())) or report.bytes >= 0
    assert json.loads(run("gc", "run", "--dry-run", "--json"))["dry_run"] is True
    assert isinstance(json.loads(run("gc", "orphans", "--json")), list)
    assert "freed" in run("gc", "run")
