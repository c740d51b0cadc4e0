"""Cloning plots, and collecting garbage."""

import json

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from tests.client.command import output_of
from tests.support.users import RunningCloud, User


def make_figure() -> figure:
    fig = figure()
    fig.line(np.arange(10.0), np.arange(10.0))
    return fig


def test_cloning_a_plot_of_the_account(server: bokeh_cloud.Server) -> None:
    plot = server.publish(make_figure(), "original")
    copy = plot.clone("copy")
    assert (copy.name, copy.version) == ("copy", 1)
    assert copy.to_json().content["roots"] == plot.to_json().content["roots"]
    with pytest.raises(bokeh_cloud.Rejected, match="copy"):
        plot.clone("copy")
    assert output_of("clone", "original", "--name", "third", "-q") == server.plot("third").url + "\n"
    with pytest.raises(bokeh_cloud.CloudError, match="is not the URL of a plot on"):
        server.clone("https://example.org/plots/aaaa/show")


def test_cloning_a_shared_plot(accounts: RunningCloud, key: str) -> None:
    maria = bokeh_cloud.Cloud(accounts.url, apikey=key)
    plot = maria.publish(make_figure(), "shared with otto")
    otto = User(accounts, "otto")
    otto.register()
    cloud = bokeh_cloud.Cloud(
        accounts.url, apikey=otto.make_key("plots:read", "plots:write", "data:read", "data:write", "account")
    )
    with pytest.raises(bokeh_cloud.NotFound):
        cloud.clone(plot.url)
    copy = cloud.clone(plot.share().url or "", "mine now")
    assert (copy.user_id, copy.name) == ("otto", "mine now")
    assert cloud.plot("mine now").to_json().buffers


def test_listing_and_collecting_orphans(server: bokeh_cloud.Server) -> None:
    plot = server.publish(make_figure(), "soon gone")
    plot.delete()
    report = server.gc.run(dry_run=True)
    assert report.dry_run
    assert sum(report.freed.values()) == len(list(server.gc.orphans())) or report.bytes >= 0
    assert json.loads(output_of("gc", "run", "--dry-run", "--json"))["dry_run"] is True
    assert isinstance(json.loads(output_of("gc", "orphans", "--json")), list)
    assert "freed" in output_of("gc", "run")
