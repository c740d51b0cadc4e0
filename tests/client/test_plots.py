"""What can be done with a plot, in Python and on the command line."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud


def line(slope: float = 1) -> figure:
    drawn = figure(title=f"slope {slope}")
    drawn.line(np.arange(100.0), np.arange(100.0) * slope)
    return drawn


def root_of(plot: bokeh_cloud.Plot) -> Any:
    return plot.to_document().roots[0]


def run(*arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "bokeh_cloud", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return done.stdout or done.stderr


def test_versions_and_rollback(server: bokeh_cloud.Server) -> None:
    server.publish(line(1), "history")
    plot = server.publish(line(2), "history")
    assert [item.version for item in plot.versions()] == [2, 1]
    assert plot.rollback(1) is plot
    assert (plot.version, server.plot("history").version) == (3, 3)
    assert root_of(plot).title.text == "slope 1"
    with pytest.raises(bokeh_cloud.NotFound, match="no version 9"):
        plot.rollback(9)
    with pytest.raises(bokeh_cloud.NotFound, match="no version 9; there are 3, 2, 1"):
        plot.at(9)
    assert requests.get(plot.at(2).embed_url, timeout=30).status_code == 200
    assert [item["version"] for item in json.loads(run("versions", "history", "--json"))] == [3, 2, 1]
    assert run("rollback", "history", "2", "--quiet") == plot.url + "\n"
    assert json.loads(run("show", "history@2", "--json"))["version"] == 2
    assert run("show", "history", "-q") == plot.url + "\n"
    assert "no version 7" in run("show", "history@7", code=3)


def test_title_and_visibility(server: bokeh_cloud.Server) -> None:
    plot = server.publish(line(), "titled")
    plot.title, plot.visibility = "A line", "link"
    again = server.plot("titled")
    assert (again.title, again.visibility) == ("A line", "link")
    with pytest.raises(bokeh_cloud.Rejected):
        plot.visibility = "everybody"
    assert plot.refresh().visibility == "link"


def test_new_plots_are_as_visible_as_the_configuration_says(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_VISIBILITY", "link")
    plot = bokeh_cloud.Server().publish(line(), "visible")
    assert plot.visibility == "link"
    plot.visibility = "private"
    assert bokeh_cloud.Server().publish(line(2), "visible").visibility == "private"


def test_a_document_comes_back_and_publishes_again_unchanged(server: bokeh_cloud.Server) -> None:
    plot = server.publish(line(), "there and back")
    document = plot.to_document()
    root: Any = document.roots[0]
    assert np.array_equal(root.renderers[0].data_source.data["y"], np.arange(100.0))
    root.title.text = "changed"
    changed = server.publish(document, "there and back")
    assert (changed.version, root_of(changed).title.text) == (2, "changed")


def test_deleting(server: bokeh_cloud.Server) -> None:
    plot = server.publish(line(), "gone")
    server.publish(line(), "gone too")
    plot.delete()
    with pytest.raises(bokeh_cloud.NotFound, match=r"There is no plot 'gone'.*gone too"):
        server.plot("gone")
    with pytest.raises(bokeh_cloud.NotFound):
        plot.refresh()
    run("rm", "gone too", code=1)  # nobody said yes
    assert server.plot("gone too")
    run("rm", "gone too", "--yes")
    run("rm", "gone too", "--yes", code=3)


def test_completion_knows_commands_and_plots(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.publish(line(), "completed")
    monkeypatch.setenv("_BOKEH_CLOUD_COMPLETE", "bash_complete")
    for words, expected in (
        ("bokeh-cloud ver", "plain,versions"),
        ("bokeh-cloud show comp", "plain,completed"),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        assert expected in run().splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_for_each_shell(shell: str) -> None:
    assert "_BOKEH_CLOUD_COMPLETE" in run("completion", shell)
