"""Which versions of a plot others see, and deleting versions, on a real storage."""

from typing import Any

import msgspec
import pytest

from bokeh_common.errors import Conflict, Invalid, NotFound
from bokeh_plots.plots.editing import PlotChange, PlotEditor
from bokeh_plots.plots.plots import Plots
from bokeh_plots.storage.repository import PlotRepository
from tests.support.plot_publisher import Publisher, publication, text_of


def test_another_visibility_ends_the_history_for_others(publisher: Publisher, editor: PlotEditor) -> None:
    plot, _ = publisher.publish("ada", publication())
    assert plot.history is False
    states = [
        ({"visibility": "public", "history": True}, True),
        ({"title": "New"}, True),
        ({"visibility": "public"}, True),
        ({"visibility": "link"}, False),
        ({"history": True}, True),
        ({"visibility": "private"}, False),
        ({"visibility": "link"}, False),
        ({"history": True}, True),
        ({"history": False}, False),
    ]
    for body, expected in states:
        assert editor.change(plot, msgspec.convert(body, PlotChange)).history is expected, body


@pytest.mark.parametrize("body", [{"history": True}, {"visibility": "private", "history": True}])
def test_a_private_plot_has_no_history_for_others(
    publisher: Publisher, editor: PlotEditor, body: Any
) -> None:
    plot, _ = publisher.publish("ada", publication())
    with pytest.raises(Invalid, match=r"private plot.*'link' or 'public'.*share link"):
        editor.change(plot, msgspec.convert(body, PlotChange))


def test_records_of_earlier_releases_have_no_history(
    repository: PlotRepository, plots: Plots, publisher: Publisher, editor: PlotEditor
) -> None:
    plot, _ = publisher.publish("ada", publication())
    opened = editor.change(plot, PlotChange(visibility="public"))
    assert "history" not in opened.record, "earlier releases can read it"
    record = {**opened.record, "visibility": "public"}
    repository.replace("ada", record, opened.etag)
    assert plots.get("ada", plot.id).history is False


def test_a_version_can_be_deleted(plots: Plots, publisher: Publisher, editor: PlotEditor) -> None:
    for text in ("one", "two", "three", "four", "five"):
        plot, _ = publisher.publish("ada", publication(text=text))
    before = plot.tag
    plot = editor.delete_version(editor.delete_version(plot, 2), 3)
    assert plots.get("ada", plot.id) == plot
    assert [version.version for version in plot.versions] == [1, 4, 5]
    assert plot.tag != before
    for change in (editor.delete_version, editor.rollback, plots.manifest):
        with pytest.raises(NotFound, match="no version 2; it has 1, 4 to 5"):
            change(plot, 2)
    again, _ = publisher.publish("ada", publication(text="six"))
    assert [version.version for version in again.versions] == [1, 4, 5, 6]


def test_the_newest_version_is_not_deleted(plots: Plots, publisher: Publisher, editor: PlotEditor) -> None:
    plot, _ = publisher.publish("ada", publication())
    with pytest.raises(Conflict, match="delete the plot instead"):
        editor.delete_version(plot, 1)
    plot, _ = publisher.publish("ada", publication(text="two"))
    with pytest.raises(Conflict, match="roll back to an older one"):
        editor.delete_version(plot, 2)
    assert plots.get("ada", plot.id) == plot
    back, _ = editor.rollback(plot, 1)
    assert [v.version for v in editor.delete_version(back, 2).versions] == [1, 3]
    assert text_of(plots, plots.get("ada", plot.id)) == "one"


def test_deleting_a_version_removes_its_references(
    plots: Plots, publisher: Publisher, editor: PlotEditor
) -> None:
    publisher.publish("ada", publication())
    plot, _ = publisher.publish("ada", publication(text="two"))
    editor.delete_version(plot, 1)
    # The plot as it was read before: versions that are deleted in the meantime may be gone.
    assert [item["version"] for item in plots.references(plots.get("ada", plot.id))] == [2]
