"""Plots and their versions on a real storage."""

import threading
from typing import Any

import pytest

from bokeh_common.errors import Changed, Invalid, NotFound
from bokeh_common.http.peer import Peer
from bokeh_common.storage import open_blobs, open_records
from bokeh_plots.peers import Data
from bokeh_plots.plots import Plot, Plots
from bokeh_plots.publication import Publication, parse_publication
from bokeh_plots.publishing import Publisher, Terms
from bokeh_plots.records import Records


@pytest.fixture
def records(storage: str) -> Records:
    return Records(open_records(storage, "plots"), open_blobs(storage, "plots"))


@pytest.fixture
def plots(records: Records) -> Plots:
    return Plots(records)


@pytest.fixture
def publisher(records: Records) -> Publisher:
    # These scenes have no columns, so the data service is never asked.
    return Publisher(records, Data(Peer("http://nobody.invalid")), max_versions=5)


def publication(name: str = "sine", text: str = "one", **more: Any) -> Publication:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text}}
    return parse_publication({"name": name, "document": {"version": "3.9.2", "roots": [root]}, **more})


def test_first_second_and_unchanged(publisher: Publisher) -> None:
    first, changed = publisher.publish("ada", publication(), None)
    assert (first.latest.version, changed) == (1, True)
    same, changed = publisher.publish("ada", publication(), None)
    assert (same, changed) == (first, False)
    second, changed = publisher.publish("ada", publication(text="two"), None)
    assert (second.id, second.latest.version, changed) == (first.id, 2, True)


def test_old_versions_stay_readable(plots: Plots, publisher: Publisher) -> None:
    publisher.publish("ada", publication(), None)
    plot, _ = publisher.publish("ada", publication(text="two"), None)
    texts = [plots.document(plot, n)["roots"][0]["attributes"]["text"] for n in (1, 2, None)]
    assert texts == ["one", "two", "two"]


def test_a_plot_is_made_again_with_its_numbers(publisher: Publisher) -> None:
    publisher.publish("ada", publication(version=4), None)
    plot, _ = publisher.publish("ada", publication(text="two", version=9), None)
    assert [v.version for v in plot.versions] == [4, 9]
    assert publisher.publish("ada", publication(text="two", version=9), None) == (plot, False)
    with pytest.raises(Invalid, match="greater than 9"):
        publisher.publish("ada", publication(text="three", version=9), None)
    assert [v.version for v in publisher.rollback(plot, 4)[0].versions] == [4, 9, 10]


def test_versions_are_bounded(plots: Plots, publisher: Publisher) -> None:
    for i in range(8):
        plot, _ = publisher.publish("ada", publication(text=str(i)), None)
    assert [v.version for v in plot.versions] == [4, 5, 6, 7, 8]
    with pytest.raises(NotFound, match="4 to 8"):
        plots.document(plot, 3)


def test_names_are_of_an_account(plots: Plots, publisher: Publisher) -> None:
    ada, _ = publisher.publish("ada", publication(), None)
    bob, _ = publisher.publish("bob", publication(), None)
    assert ada.id != bob.id
    with pytest.raises(NotFound):
        plots.get("bob", ada.id)


def test_page_is_ordered_by_name(plots: Plots, publisher: Publisher) -> None:
    for name in ("c", "a", "ä", "b"):
        publisher.publish("ada", publication(name), None)
    first = plots.page("ada", "", 2)
    rest = plots.page("ada", first[-1].name, 10)
    assert [p.name for p in first] + [p.name for p in rest] == ["a", "b", "c", "ä"]


def test_a_column_that_is_nowhere(plots: Plots, publisher: Publisher) -> None:
    leaf = {"type": "bytes", "data": {"id": "0" * 64}}
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"tags": [leaf]}}
    given = parse_publication({"name": "x", "document": {"version": "3.9.2", "roots": [root]}})
    with pytest.raises(Invalid) as caught:
        publisher.publish("ada", given, None)
    assert caught.value.members == {"missing": ["0" * 64]}
    assert plots.page("ada", "", 10) == []


def test_many_publishers_of_one_name_make_a_version_each(plots: Plots, publisher: Publisher) -> None:
    texts = [str(i) for i in range(5)]
    threads = [
        threading.Thread(target=publisher.publish, args=("ada", publication(text=t), None)) for t in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [plot] = plots.page("ada", "", 10)
    shown = {plots.document(plot, v.version)["roots"][0]["attributes"]["text"] for v in plot.versions}
    assert shown == set(texts)
    assert [v.version for v in plot.versions] == [1, 2, 3, 4, 5]


def test_extensions_belong_to_their_plot(plots: Plots, publisher: Publisher) -> None:
    plot, _ = publisher.publish("ada", publication(extensions=["let a = 1"]), None)
    other, _ = publisher.publish("ada", publication("other"), None)
    [name] = plots.manifest(plot)["extensions"]
    assert plots.extension(plot.id, name) == b"let a = 1"
    for wrong in (other.id, "nothing"):
        with pytest.raises(NotFound):
            plots.extension(wrong, name)


@pytest.mark.parametrize("plot", ["", "nothing", "x" * 400])
def test_unknown_plot(plots: Plots, plot: str) -> None:
    with pytest.raises(NotFound):
        plots.get("ada", plot)


def text_of(plots: Plots, plot: Plot) -> str:
    return str(plots.document(plot)["roots"][0]["attributes"]["text"])


def test_rollback_makes_a_new_version(plots: Plots, publisher: Publisher) -> None:
    publisher.publish("ada", publication(), None)
    plot, _ = publisher.publish("ada", publication(text="two"), None)
    back, changed = publisher.rollback(plot, 1)
    assert (back.latest.version, changed, text_of(plots, back)) == (3, True, "one")
    assert publisher.rollback(back, 1) == (back, False)
    with pytest.raises(NotFound, match="1 to 3"):
        publisher.rollback(back, 9)


def test_a_title_is_of_the_plot_and_makes_no_version(publisher: Publisher) -> None:
    publisher.publish("ada", publication(title="A"), None)
    same, changed = publisher.publish("ada", publication(title="B"), None)
    assert (same.title, same.latest.version, changed) == ("B", 1, False)
    kept, _ = publisher.publish("ada", publication(text="two"), None)
    assert (kept.title, kept.latest.version) == ("B", 2)
    back, _ = publisher.rollback(publisher.change(kept, {"title": "C"}), 1)
    again, changed = publisher.publish("ada", publication(title="A"), None)
    assert (back.title, again.title, changed) == ("C", "A", False)


def test_title_and_visibility(plots: Plots, publisher: Publisher) -> None:
    plot, _ = publisher.publish("ada", publication(), None)
    assert plot.visibility == "private"
    changed = publisher.change(plot, {"title": "New", "visibility": "public"})
    assert plots.get("ada", plot.id) == changed
    assert (changed.title, changed.visibility, changed.latest.version) == ("New", "public", 1)


@pytest.mark.parametrize(
    "body", [None, {}, [], {"title": ""}, {"visibility": "all"}, {"title": 5}, {"title": "x", "name": "y"}]
)
def test_wrong_changes(publisher: Publisher, body: Any) -> None:
    plot, _ = publisher.publish("ada", publication(), None)
    with pytest.raises(Invalid):
        publisher.change(plot, body)


def test_a_deleted_plot_is_gone_and_its_name_free(plots: Plots, publisher: Publisher) -> None:
    plot, _ = publisher.publish("ada", publication(), None)
    publisher.delete(plot)
    with pytest.raises(NotFound):
        plots.get("ada", plot.id)
    assert plots.page("ada", "", 10) == []
    again, _ = publisher.publish("ada", publication(), None)
    assert again.id != plot.id


def test_a_change_that_was_meant_for_another_state(plots: Plots, publisher: Publisher) -> None:
    old, _ = publisher.publish("ada", publication(), None)
    new, _ = publisher.publish("ada", publication(text="two"), None, Terms(old.tag))
    for change in (
        lambda: publisher.publish("ada", publication(text="three"), None, Terms(old.tag)),
        lambda: publisher.rollback(new, 1, Terms(old.tag)),
        lambda: publisher.change(new, {"title": "x"}, old.tag),
        lambda: publisher.delete(new, old.tag),
        lambda: publisher.publish("ada", publication("never there"), None, Terms(old.tag)),
    ):
        with pytest.raises(Changed):
            change()
    assert plots.page("ada", "", 10) == [new]
    assert publisher.change(new, {"title": "x"}, new.tag).title == "x"


def test_references_of_every_version_of_all_accounts(plots: Plots, publisher: Publisher) -> None:
    for user, name, text in [("ada", "b", "1"), ("ada", "b", "2"), ("ada", "a", "1"), ("bob", "a", "1")]:
        publisher.publish(user, publication(name, text), None)
    found = [item for plot in plots.everybodys(None, "", 10) for item in plots.references(plot)]
    assert [(i["user"], i["name"], i["version"]) for i in found] == [
        ("ada", "a", 1), ("ada", "b", 1), ("ada", "b", 2), ("bob", "a", 1),
    ]  # fmt: skip
    assert [p.name for p in plots.everybodys("ada", "", 10)] == ["a", "b"]
    assert [(p.user_id, p.name) for p in plots.everybodys(None, "ada/a", 10)] == [("ada", "b"), ("bob", "a")]


def test_references_of_what_went_away_meanwhile(
    records: Records, plots: Plots, publisher: Publisher, storage: str
) -> None:
    plot, _ = publisher.publish("ada", publication(), None)
    publisher.delete(plot)
    open_blobs(storage, "plots").delete(f"manifests/ada/{plot.latest.manifest}")
    assert list(plots.references(plot)) == []


def test_references_that_are_broken(plots: Plots, publisher: Publisher, storage: str) -> None:
    plot, _ = publisher.publish("ada", publication(), None)
    open_blobs(storage, "plots").delete(f"manifests/ada/{plot.latest.manifest}")
    with pytest.raises(NotFound):
        list(plots.references(plot))
