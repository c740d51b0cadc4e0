"""Names and titles of plots: renaming, former names, and titles that follow the figure."""

import pytest

from bokeh_common.errors import Conflict, Invalid
from bokeh_common.storage import open_blobs, open_records
from bokeh_plots.documents.publication import Publication
from bokeh_plots.plots.editing import PlotChange, PlotEditor
from bokeh_plots.plots.permissions import Reader, as_seen_by
from bokeh_plots.plots.plots import Plots
from bokeh_plots.storage.keyspaces import keyspaces_of
from bokeh_plots.storage.other_names import key_of
from bokeh_plots.storage.repository import PlotRepository
from tests.support.plot_publisher import Publisher, publication


def titled(figure_title: str, **more: str) -> Publication:
    """Return a publication of `other`, whose figure has a title."""
    document = publication(name="other").document
    return publication(name="other", document={**document, "title": figure_title}, **more)


def test_a_renamed_plot_is_found_by_all_its_names(
    plots: Plots, publisher: Publisher, editor: PlotEditor
) -> None:
    plot, _ = publisher.publish("ada", publication(name="first"))
    for name in ("second", "third", "first", "fourth"):
        plot = editor.change(plot, PlotChange(name=name))
        assert plots.get("ada", plot.id) == plot
        assert plot.name == name
    assert plot.former_names == ("second", "third", "first")
    for name in ("first", "second", "third", "fourth"):
        assert plots.find("ada", name) == plot
    assert plots.find("bob", "second") is None
    again, changed = publisher.publish("ada", publication(name="second", text="two"))
    assert (again.id, again.name, again.latest.version, changed) == (plot.id, "fourth", 2, True)
    assert [item.name for item in plots.page("ada", "", 10)] == ["fourth"]
    assert as_seen_by(editor.change(plot, PlotChange(visibility="link")), Reader("")).former_names == ()


def test_names_of_other_plots_are_taken(plots: Plots, publisher: Publisher, editor: PlotEditor) -> None:
    other, _ = publisher.publish("ada", publication(name="other"))
    editor.change(other, PlotChange(name="renamed"))
    plot, _ = publisher.publish("ada", publication(name="mine"))
    for name in ("other", "renamed"):
        with pytest.raises(Conflict, match="already"):
            editor.change(plot, PlotChange(name=name))
    editor.delete(other)
    assert plots.find("ada", "renamed") is None
    assert editor.change(plot, PlotChange(name="renamed")).name == "renamed"
    assert publisher.publish("ada", publication(name="other"))[0].id not in {plot.id, other.id}


def test_a_name_whose_writer_stopped_is_free_again(
    storage: str, plots: Plots, publisher: Publisher, editor: PlotEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot, _ = publisher.publish("ada", publication(name="mine"))
    repository = PlotRepository(open_records(storage, "plots"), open_blobs(storage, "plots"))
    repository.other_names.claim("ada", "wanted", "mine", repository.other_names.find("ada", "wanted")[1])
    assert plots.find("ada", "wanted") is None
    with pytest.raises(Conflict, match="already"):
        editor.change(plot, PlotChange(name="wanted"))
    monkeypatch.setattr("bokeh_plots.storage.other_names.PENDING_SECONDS", 0)
    assert editor.change(plot, PlotChange(name="wanted")).name == "wanted"
    other, _ = publisher.publish("ada", publication(name="new"))
    with pytest.raises(Conflict):
        repository.other_names.confirm("ada", "wanted", other.name)


def test_the_collector_knows_names(storage: str, publisher: Publisher, editor: PlotEditor) -> None:
    plot, _ = publisher.publish("ada", publication(name="mine"))
    editor.change(editor.change(plot, PlotChange(name="second")), PlotChange(name="third"))
    records = open_records(storage, "plots")
    keyspaces = keyspaces_of(records, open_blobs(storage, "plots"))
    named = {f"plots:{key_of('ada', name)}" for name in ("second", "third")}
    assert named <= {*keyspaces["plots"].references(["plots/ada/mine"])}
    editor.delete(plot)
    assert records.list("ids/") == []


@pytest.mark.parametrize("name", ["a@b", "sine@2", "a/b", " ", "\u202ex"])
def test_names_that_are_refused(publisher: Publisher, editor: PlotEditor, name: str) -> None:
    plot, _ = publisher.publish("ada", publication(name="mine"))
    with pytest.raises(Invalid, match="'name'"):
        editor.change(plot, PlotChange(name=name))
    with pytest.raises(Invalid, match="'name'"):
        publisher.publish("ada", publication(name=name))


def test_blanks_around_names_are_removed(publisher: Publisher, editor: PlotEditor) -> None:
    plot, _ = publisher.publish("ada", publication(name=" mine\u2003"))
    assert plot.name == "mine"
    assert editor.change(plot, PlotChange(name=" other ")).name == "other"


def test_the_title_follows_the_figure_until_it_is_set(publisher: Publisher, editor: PlotEditor) -> None:
    plot, _ = publisher.publish("ada", publication(name="mine"))
    assert plot.title == "mine", "the figure has no title"
    plot = editor.change(plot, PlotChange(name="other"))
    assert plot.title == "other"
    for title in ("One", "Two"):
        plot, _ = publisher.publish("ada", titled(title))
        assert plot.title == title
    editor.change(plot, PlotChange(title="Chosen"))
    plot, _ = publisher.publish("ada", titled("Three"))
    assert plot.title == "Chosen"
    plot, _ = publisher.publish("ada", titled("Four", title="Given"))
    assert plot.title == "Given"
