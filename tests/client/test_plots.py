"""Operations on plots, in Python and on the command line."""

import json
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud
from tests.client.command import output_of, run


def line(slope: float = 1) -> figure:
    fig = figure(title=f"slope {slope}")
    fig.line(np.arange(100.0), np.arange(100.0) * slope)
    return fig


def root_of(plot: bokeh_cloud.Plot) -> Any:
    return plot.to_document().roots[0]


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
    assert [item["version"] for item in json.loads(output_of("versions", "history", "--json"))] == [3, 2, 1]
    assert output_of("rollback", "history", "2", "--quiet") == plot.url + "\n"
    assert json.loads(output_of("show", "history@2", "--json"))["version"] == 2
    assert output_of("show", "history", "-q") == plot.url + "\n"
    assert "no version 7" in output_of("show", "history@7", code=3)


def test_title_and_visibility(server: bokeh_cloud.Server) -> None:
    plot = server.publish(line(), "titled")
    plot.title, plot.visibility = "A line", "link"
    again = server.plot("titled")
    assert (again.title, again.visibility) == ("A line", "link")
    with pytest.raises(bokeh_cloud.InvalidArgument, match="private"):
        plot.visibility = "everybody"
    assert plot.refresh().visibility == "link"


def test_a_renamed_plot(server: bokeh_cloud.Server) -> None:
    plot = server.publish(line(), "before")
    assert plot.rename(" after ") is plot
    assert (plot.name, plot.former_names) == ("after", ("before",))
    assert server.plot("before") == server.plot("after") == plot
    again = server.publish(line(2), "before")
    assert (again.url, again.name, again.version, again.title) == (plot.url, "after", 2, "slope 2")
    assert output_of("rename", "before", "later", "-q") == plot.url + "\n"
    assert server.plot("later") == server.plot("after")
    server.publish(line(), "another")
    with pytest.raises(bokeh_cloud.Rejected, match="another"):
        plot.rename("another")
    with pytest.raises(bokeh_cloud.Rejected, match="@"):
        plot.rename("a@1")


def test_title_and_description_on_the_command_line(server: bokeh_cloud.Server) -> None:
    server.publish(line(), "by command")
    output_of("title", "by command", "A line")
    output_of("describe", "by command", "It ascends", "--tag", "lines", "--tag", "demo")
    found = json.loads(output_of("show", "by command", "--json"))
    assert (found["title"], found["description"], found["tags"]) == (
        "A line",
        "It ascends",
        ["lines", "demo"],
    )


def test_publishing_with_description_tags_and_visibility(server: bokeh_cloud.Server) -> None:
    plot = server.publish(line(), "described", description="Hourly means", tags=["wind"], visibility="link")
    again = server.publish(line(), "described")
    assert (again.description, again.tags, again.visibility) == ("Hourly means", ("wind",), "link")
    assert '<p class="description" dir="auto">Hourly means</p>' in requests.get(plot.url, timeout=30).text
    other = server.publish(line(), "described", tags=("rain", "wind"), description="")
    assert (other.description, other.tags, other.unchanged) == ("", ("rain", "wind"), True)
    plot.description, plot.tags = "A line", []
    copy = plot.clone("described copy")
    assert (copy.description, copy.tags, copy.visibility) == ("A line", (), "private")


def test_plots_are_looked_up_by_name(server: bokeh_cloud.Server) -> None:
    for name in ("looked up", "looked up too"):
        server.publish(line(), name)
    for name, expected in (("looked up", ["looked up"]), ("looked", [])):
        found = requests.get(f"{server.url}/local/plots", params={"name": name}, timeout=30).json()
        assert [plot["name"] for plot in found["plots"]] == expected
    assert server.plot("looked up too").name == "looked up too"


def test_history_and_visibility(server: bokeh_cloud.Server) -> None:
    plot = server.publish(line(), "with history")
    assert plot.history is False
    assert plot.set_visibility("public", history=True) is plot
    assert (plot.visibility, plot.history, server.plot("with history").history) == ("public", True, True)
    plot.visibility = "link"
    assert plot.history is False
    plot.history = True
    assert server.plot("with history").history is True
    plot.visibility = "private"
    with pytest.raises(bokeh_cloud.Rejected, match="'link' or 'public'"):
        plot.history = True
    message = output_of("visibility", "with history", "public", "--with-history")
    assert message == f"with history is public with history: {plot.url}\n"
    assert json.loads(output_of("show", "with history", "--json"))["history"] is True
    assert output_of("visibility", "with history", "public") == f"with history is public: {plot.url}\n"
    assert plot.refresh().history is False
    assert output_of("visibility", "with history", "link", "-q") == plot.url + "\n"
    assert "leave out" in output_of("visibility", "with history", "private", "--with-history", code=2)


def test_deleting_a_version(server: bokeh_cloud.Server) -> None:
    for slope in (1, 2, 3, 4):
        plot = server.publish(line(slope), "pruned")
    plot.delete_version(2)
    assert [item.version for item in plot.versions()] == [4, 3, 1]
    with pytest.raises(bokeh_cloud.NotFound, match="no version 2; it has 1, 3 to 4"):
        plot.delete_version(2)
    with pytest.raises(bokeh_cloud.Rejected, match="roll back to an older one"):
        plot.delete_version(4)
    output_of("rm", "pruned", "--version", "3", "--yes")
    assert "Delete version 1 of pruned" in run("rm", "pruned", "--version", "1", given="n\n", code=1).stdout
    assert [item.version for item in plot.versions()] == [4, 1]
    assert "newest" in output_of("rm", "pruned", "--version", "4", "--yes", code=1)


def test_the_configuration_sets_the_visibility_of_new_plots(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_VISIBILITY", "link")
    plot = bokeh_cloud.Server().publish(line(), "visible")
    assert plot.visibility == "link"
    plot.visibility = "private"
    assert bokeh_cloud.Server().publish(line(2), "visible").visibility == "private"


def test_a_downloaded_document_can_be_changed_and_published(server: bokeh_cloud.Server) -> None:
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
    output_of("rm", "gone too", code=1)  # not confirmed
    assert server.plot("gone too")
    output_of("rm", "gone too", "--yes")
    output_of("rm", "gone too", "--yes", code=3)


def test_completion_of_commands_and_plots(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.publish(line(), "completed")
    server.DataSource("rain", x=[1])
    monkeypatch.setenv("_BOKEH_CLOUD_COMPLETE", "bash_complete")
    for words, expected in (
        ("bokeh-cloud ver", "plain,versions"),
        ("bokeh-cloud show comp", "plain,completed"),
        ("bokeh-cloud data get rai", "plain,rain"),
        ("bokeh-cloud keys create x --scope plots:r", "plain,plots:read"),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        assert expected in output_of().splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_of_each_shell(shell: str) -> None:
    assert "_BOKEH_CLOUD_COMPLETE" in output_of("completion", shell)
