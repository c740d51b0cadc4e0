"""Plots and their versions, on a real storage."""

from typing import Any

import msgspec
import pytest

from bokeh_common.errors import Invalid, NotFound, PreconditionFailed
from bokeh_common.storage import open_blobs
from bokeh_plots.documents.publication import parse_publication
from bokeh_plots.plots.editing import PlotChange, PlotEditor, WriteOptions
from bokeh_plots.plots.plots import Plots
from bokeh_plots.storage.repository import PlotRepository
from tests.support.plot_publisher import Publisher, publication, text_of


def test_only_new_content_makes_a_new_version(publisher: Publisher) -> None:
    first, changed = publisher.publish("ada", publication())
    assert (first.latest.version, changed) == (1, True)
    same, changed = publisher.publish("ada", publication())
    assert (same, changed) == (first, False)
    second, changed = publisher.publish("ada", publication(text="two"))
    assert (second.id, second.latest.version, changed) == (first.id, 2, True)


def test_old_versions_can_be_read(plots: Plots, publisher: Publisher) -> None:
    publisher.publish("ada", publication())
    plot, _ = publisher.publish("ada", publication(text="two"))
    found = [plots.document(plot, n)["roots"][0]["attributes"]["text"] for n in (1, 2, None)]
    assert found == ["one", "two", "two"]


def test_versions_can_be_published_with_their_numbers(publisher: Publisher, editor: PlotEditor) -> None:
    publisher.publish("ada", publication(version=4))
    plot, _ = publisher.publish("ada", publication(text="two", version=9))
    assert [v.version for v in plot.versions] == [4, 9]
    assert publisher.publish("ada", publication(text="two", version=9)) == (plot, False)
    with pytest.raises(Invalid, match="greater than 9"):
        publisher.publish("ada", publication(text="three", version=9))
    assert [v.version for v in editor.rollback(plot, 4)[0].versions] == [4, 9, 10]
    same, changed = publisher.publish("ada", publication(version=12))
    assert ([v.version for v in same.versions], changed) == ([4, 9, 10, 12], True)


def test_the_number_of_versions_is_limited(plots: Plots, publisher: Publisher) -> None:
    for i in range(8):
        plot, _ = publisher.publish("ada", publication(text=str(i)))
    assert [v.version for v in plot.versions] == [4, 5, 6, 7, 8]
    with pytest.raises(NotFound, match="4 to 8"):
        plots.document(plot, 3)


def test_two_accounts_may_have_plots_of_one_name(plots: Plots, publisher: Publisher) -> None:
    ada, _ = publisher.publish("ada", publication())
    bob, _ = publisher.publish("bob", publication())
    assert ada.id != bob.id
    with pytest.raises(NotFound):
        plots.get("bob", ada.id)


def test_pages_are_ordered_by_name(plots: Plots, publisher: Publisher) -> None:
    for name in ("c", "a", "ä", "b"):
        publisher.publish("ada", publication(name))
    first = plots.page("ada", "", 2)
    rest = plots.page("ada", first[-1].name, 10)
    assert [p.name for p in first] + [p.name for p in rest] == ["a", "b", "c", "ä"]


def test_columns_that_no_data_source_has_are_reported(plots: Plots, publisher: Publisher) -> None:
    leaf = {"type": "bytes", "data": {"id": "0" * 64}}
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"tags": [leaf]}}
    given = parse_publication({"name": "x", "document": {"version": "3.9.2", "roots": [root]}})
    with pytest.raises(Invalid) as caught:
        publisher.publish("ada", given)
    assert caught.value.members == {"missing": ["0" * 64]}
    assert plots.page("ada", "", 10) == []


def test_concurrent_publications_of_one_name_make_a_version_each(plots: Plots, publisher: Publisher) -> None:
    names = [str(i) for i in range(5)]
    publisher.publish_at_once("ada", [publication(text=name) for name in names])
    [plot] = plots.page("ada", "", 10)
    shown = {plots.document(plot, v.version)["roots"][0]["attributes"]["text"] for v in plot.versions}
    assert shown == set(names)
    assert [v.version for v in plot.versions] == [1, 2, 3, 4, 5]


def test_extensions_are_readable_through_their_plot_only(plots: Plots, publisher: Publisher) -> None:
    plot, _ = publisher.publish("ada", publication(extensions=["let a = 1"]))
    other, _ = publisher.publish("ada", publication("other"))
    [name] = plots.manifest(plot)["extensions"]
    assert plots.extension(plot.id, name) == b"let a = 1"
    for wrong in (other.id, "nothing"):
        with pytest.raises(NotFound):
            plots.extension(wrong, name)


@pytest.mark.parametrize("plot", ["", "nothing", "x" * 400])
def test_unknown_ids_are_not_found(plots: Plots, plot: str) -> None:
    with pytest.raises(NotFound):
        plots.get("ada", plot)


def test_a_rollback_makes_a_new_version(plots: Plots, publisher: Publisher, editor: PlotEditor) -> None:
    publisher.publish("ada", publication())
    plot, _ = publisher.publish("ada", publication(text="two"))
    back, changed = editor.rollback(plot, 1)
    assert (back.latest.version, changed, text_of(plots, back)) == (3, True, "one")
    assert editor.rollback(back, 1) == (back, False)
    with pytest.raises(NotFound, match="1 to 3"):
        editor.rollback(back, 9)


def test_a_new_title_makes_no_new_version(publisher: Publisher, editor: PlotEditor) -> None:
    publisher.publish("ada", publication(title="A"))
    same, changed = publisher.publish("ada", publication(title="B"))
    assert (same.title, same.latest.version, changed) == ("B", 1, False)
    kept, _ = publisher.publish("ada", publication(text="two"))
    assert (kept.title, kept.latest.version) == ("B", 2)
    back, _ = editor.rollback(editor.change(kept, PlotChange(title="C")), 1)
    again, changed = publisher.publish("ada", publication(title="A"))
    assert (back.title, again.title, changed) == ("C", "A", False)


def test_title_and_visibility_can_be_changed(plots: Plots, publisher: Publisher, editor: PlotEditor) -> None:
    plot, _ = publisher.publish("ada", publication())
    assert plot.visibility == "private"
    changed = editor.change(plot, PlotChange(title="New", visibility="public"))
    assert plots.get("ada", plot.id) == changed
    assert (changed.title, changed.visibility, changed.latest.version) == ("New", "public", 1)


def test_description_and_tags(plots: Plots, publisher: Publisher, editor: PlotEditor) -> None:
    plot, _ = publisher.publish("ada", publication())
    assert not {"description", "tags"} & plot.record.keys()
    change = PlotChange(description=" Hourly\nmeans ", tags=["wind", " rain ", "wind"])
    changed = editor.change(plot, change)
    assert (changed.description, changed.tags) == ("Hourly\nmeans", ("wind", "rain"))
    assert plots.get("ada", plot.id) == changed
    kept, _ = publisher.publish("ada", publication(text="two"))
    assert (kept.latest.version, kept.tags) == (2, ("wind", "rain"))


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        [],
        {"title": ""},
        {"visibility": "all"},
        {"title": 5},
        {"title": "x", "id": "y"},
        {"description": "x" * 2001},
        {"description": "a\0"},
        {"tags": "wind"},
        {"tags": [" "]},
        {"tags": ["a,b"]},
        {"tags": ["a\u202e"]},
        {"tags": [str(i) for i in range(21)]},
    ],
)
def test_invalid_changes_are_rejected(publisher: Publisher, editor: PlotEditor, body: Any) -> None:
    plot, _ = publisher.publish("ada", publication())
    with pytest.raises((Invalid, msgspec.ValidationError)):
        editor.change(plot, msgspec.convert(body, PlotChange))


def test_the_name_of_a_deleted_plot_can_be_used_again(
    plots: Plots, publisher: Publisher, editor: PlotEditor
) -> None:
    plot, _ = publisher.publish("ada", publication())
    editor.delete(plot)
    with pytest.raises(NotFound):
        plots.get("ada", plot.id)
    assert plots.page("ada", "", 10) == []
    again, _ = publisher.publish("ada", publication())
    assert again.id != plot.id


def test_a_change_that_is_meant_for_another_state_is_refused(
    plots: Plots, publisher: Publisher, editor: PlotEditor
) -> None:
    old, _ = publisher.publish("ada", publication())
    new, _ = publisher.publish("ada", publication(text="two"), WriteOptions(old.tag))
    for change in (
        lambda: publisher.publish("ada", publication(text="three"), WriteOptions(old.tag)),
        lambda: editor.rollback(new, 1, WriteOptions(old.tag)),
        lambda: editor.change(new, PlotChange(title="x"), old.tag),
        lambda: editor.delete(new, old.tag),
        lambda: editor.delete_version(new, 1, old.tag),
        lambda: publisher.publish("ada", publication("a new one"), WriteOptions(old.tag)),
    ):
        with pytest.raises(PreconditionFailed):
            change()
    assert plots.page("ada", "", 10) == [new]
    assert editor.change(new, PlotChange(title="x"), new.tag).title == "x"


def test_references_are_listed_for_every_version_of_all_accounts(plots: Plots, publisher: Publisher) -> None:
    for user, name, text in [("ada", "b", "1"), ("ada", "b", "2"), ("ada", "a", "1"), ("bob", "a", "1")]:
        publisher.publish(user, publication(name, text))
    found = [item for plot in plots.page_of_all(None, "", 10) for item in plots.references(plot)]
    assert [(i["user"], i["name"], i["version"]) for i in found] == [
        ("ada", "a", 1), ("ada", "b", 1), ("ada", "b", 2), ("bob", "a", 1),
    ]  # fmt: skip
    assert [p.name for p in plots.page_of_all("ada", "", 10)] == ["a", "b"]
    assert [(p.user_id, p.name) for p in plots.page_of_all(None, "ada/a", 10)] == [("ada", "b"), ("bob", "a")]


def test_references_of_deleted_plots_are_left_out(
    repository: PlotRepository, plots: Plots, publisher: Publisher, editor: PlotEditor, storage: str
) -> None:
    plot, _ = publisher.publish("ada", publication())
    editor.delete(plot)
    open_blobs(storage, "plots").delete(f"manifests/ada/{plot.latest.manifest}")
    assert list(plots.references(plot)) == []


def test_a_missing_manifest_is_an_error(plots: Plots, publisher: Publisher, storage: str) -> None:
    plot, _ = publisher.publish("ada", publication())
    open_blobs(storage, "plots").delete(f"manifests/ada/{plot.latest.manifest}")
    with pytest.raises(NotFound):
        list(plots.references(plot))
