"""Plots and their versions on a real storage."""

import threading
from typing import Any

import pytest

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.peer import Peer
from bokeh_common.storage import open_blobs, open_records
from bokeh_plots.peers import Data
from bokeh_plots.plots import Plots
from bokeh_plots.publication import Publication, parse_publication
from bokeh_plots.records import Records


@pytest.fixture
def plots(storage: str) -> Plots:
    # These scenes have no columns, so the data service is never asked.
    records = Records(open_records(storage, "plots"), open_blobs(storage, "plots"))
    return Plots(records, Data(Peer("http://nobody.invalid")), max_versions=5)


def publication(name: str = "sine", text: str = "one", **more: Any) -> Publication:
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text}}
    return parse_publication({"name": name, "document": {"version": "3.9.2", "roots": [root]}, **more})


def test_first_second_and_unchanged(plots: Plots) -> None:
    first, changed = plots.publish("ada", publication(), None)
    assert (first.latest.version, changed) == (1, True)
    same, changed = plots.publish("ada", publication(), None)
    assert (same, changed) == (first, False)
    second, changed = plots.publish("ada", publication(text="two"), None)
    assert (second.id, second.latest.version, changed) == (first.id, 2, True)


def test_old_versions_stay_readable(plots: Plots) -> None:
    plots.publish("ada", publication(), None)
    plot, _ = plots.publish("ada", publication(text="two"), None)
    texts = [plots.document(plot, n)["roots"][0]["attributes"]["text"] for n in (1, 2, None)]
    assert texts == ["one", "two", "two"]


def test_versions_are_bounded(plots: Plots) -> None:
    for i in range(8):
        plot, _ = plots.publish("ada", publication(text=str(i)), None)
    assert [v.version for v in plot.versions] == [4, 5, 6, 7, 8]
    with pytest.raises(NotFound, match="4 to 8"):
        plots.document(plot, 3)


def test_names_are_of_an_account(plots: Plots) -> None:
    ada, _ = plots.publish("ada", publication(), None)
    bob, _ = plots.publish("bob", publication(), None)
    assert ada.id != bob.id
    with pytest.raises(NotFound):
        plots.get("bob", ada.id)


def test_page_is_ordered_by_name(plots: Plots) -> None:
    for name in ("c", "a", "ä", "b"):
        plots.publish("ada", publication(name), None)
    first = plots.page("ada", "", 2)
    rest = plots.page("ada", first[-1].name, 10)
    assert [p.name for p in first] + [p.name for p in rest] == ["a", "b", "c", "ä"]


def test_a_column_that_is_nowhere(plots: Plots) -> None:
    leaf = {"type": "bytes", "data": {"id": "0" * 64}}
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"tags": [leaf]}}
    given = parse_publication({"name": "x", "document": {"version": "3.9.2", "roots": [root]}})
    with pytest.raises(Invalid) as caught:
        plots.publish("ada", given, None)
    assert caught.value.members == {"missing": ["0" * 64]}
    assert plots.page("ada", "", 10) == []


def test_many_publishers_of_one_name_make_a_version_each(plots: Plots) -> None:
    texts = [str(i) for i in range(5)]
    threads = [threading.Thread(target=plots.publish, args=("ada", publication(text=t), None)) for t in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [plot] = plots.page("ada", "", 10)
    shown = {plots.document(plot, v.version)["roots"][0]["attributes"]["text"] for v in plot.versions}
    assert shown == set(texts)
    assert [v.version for v in plot.versions] == [1, 2, 3, 4, 5]


def test_extensions_belong_to_their_plot(plots: Plots) -> None:
    plot, _ = plots.publish("ada", publication(extensions=["let a = 1"]), None)
    other, _ = plots.publish("ada", publication("other"), None)
    [name] = plots.manifest(plot)["extensions"]
    assert plots.extension(plot.id, name) == b"let a = 1"
    for wrong in (other.id, "nothing"):
        with pytest.raises(NotFound):
            plots.extension(wrong, name)


@pytest.mark.parametrize("plot", ["", "nothing", "x" * 400])
def test_unknown_plot(plots: Plots, plot: str) -> None:
    with pytest.raises(NotFound):
        plots.get("ada", plot)
