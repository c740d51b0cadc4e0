"""Plots and their versions, on a real storage."""

import asyncio
from typing import Any

import msgspec
import pytest

from bokeh_common.errors import Conflict, Invalid, NotFound, PreconditionFailed
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import open_blobs, open_records
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.publication import Publication, parse_publication
from bokeh_plots.plots.editing import UNCONDITIONAL, PlotChange, PlotEditor, WriteOptions
from bokeh_plots.plots.plots import Plot, Plots
from bokeh_plots.plots.publishing import PlotPublisher
from bokeh_plots.storage.repository import PlotRepository

Result = tuple[Plot, bool]


class Publisher:
    """Publishes plots without columns, for which the data service is not called."""

    def __init__(self, repository: PlotRepository) -> None:
        data = DataClient(ServiceClient("http://unreachable.invalid"))
        self._publisher = PlotPublisher(repository, data, max_versions=5)

    def publish(self, user: str, given: Publication, options: WriteOptions = UNCONDITIONAL) -> Result:
        return asyncio.run(self._publisher.publish(user, given, None, options))

    def publish_at_once(self, user: str, given: list[Publication]) -> list[Result]:
        async def publish_all() -> list[Result]:
            return await asyncio.gather(*(self._publisher.publish(user, item, None) for item in given))

        return asyncio.run(publish_all())


@pytest.fixture
def repository(storage: str) -> PlotRepository:
    return PlotRepository(open_records(storage, "plots"), open_blobs(storage, "plots"))


@pytest.fixture
def plots(repository: PlotRepository) -> Plots:
    return Plots(repository)


@pytest.fixture
def publisher(repository: PlotRepository) -> Publisher:
    return Publisher(repository)


@pytest.fixture
def editor(repository: PlotRepository) -> PlotEditor:
    return PlotEditor(repository, max_versions=5)


def publication(name: str = "sine", text: str = "one", **more: Any) -> Publication:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text}}
    return parse_publication({"name": name, "document": {"version": "3.9.2", "roots": [root]}, **more})


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


def text_of(plots: Plots, plot: Plot) -> str:
    return str(plots.document(plot)["roots"][0]["attributes"]["text"])


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


@pytest.mark.parametrize(
    "body", [None, {}, [], {"title": ""}, {"visibility": "all"}, {"title": 5}, {"title": "x", "name": "y"}]
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
