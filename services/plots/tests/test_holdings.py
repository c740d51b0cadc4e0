"""What an account has among the plots."""

from typing import Any

import pytest

from bokeh_common.http.peer import Peer
from bokeh_common.storage import open_blobs, open_records
from bokeh_plots import holdings
from bokeh_plots.holdings import Holdings
from bokeh_plots.peers import Data
from bokeh_plots.plots import Plots
from bokeh_plots.publication import parse_publication
from bokeh_plots.publishing import Publisher
from bokeh_plots.records import Records


def publish(records: Records, user: str, *names: str) -> None:
    publisher = Publisher(records, Data(Peer("http://nobody.invalid")), max_versions=5)
    for name in names:
        root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": name}}
        body = {"name": name, "document": {"version": "3.9.2", "roots": [root]}}
        publisher.publish(user, parse_publication(body), None)


def test_counted_and_erased_in_steps(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, blobs = open_records(storage, "plots"), open_blobs(storage, "plots")
    records = Records(store, blobs)
    publish(records, "ada", "one", "two", "three")
    publish(records, "ada2", "one")
    before = sum(blob.size for blob in blobs.list(limit=100) if "/ada/" in blob.key)
    assert Holdings(records).count("ada") == 3
    monkeypatch.setattr(holdings, "AT_ONCE", 2)
    answers = [Holdings(records).erase("ada")]
    while not answers[-1]["done"]:
        answers.append(Holdings(records).erase("ada"))
    assert len(answers) > 3
    assert sum(answer["plots"] for answer in answers) == 3
    assert sum(answer["bytes"] for answer in answers) == before
    assert Holdings(records).count("ada") == 0
    keys = [record.key for record in store.list()] + [blob.key for blob in blobs.list()]
    assert [key for key in keys if "/ada/" in key] == []
    assert len(store.list("ids/")) == 1
    assert Plots(records).find("ada2", "one") is not None
    assert Holdings(records).erase("ada") == {"plots": 0, "bytes": 0, "done": True}


def test_a_plot_that_changes_meanwhile_is_seen_again(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records(open_records(storage, "plots"), open_blobs(storage, "plots"))
    publish(records, "ada", "one", "two")
    real, calls = records.remove, []

    def overtaken(user: str, value: Any, etag: str) -> None:
        calls.append(value["name"])
        real(user, value, "an older one" if len(calls) == 1 else etag)

    monkeypatch.setattr(records, "remove", overtaken)
    first, second = Holdings(records).erase("ada"), Holdings(records).erase("ada")
    assert (first["plots"], first["done"]) == (1, False)
    assert (second["plots"], second["done"]) == (1, True)
    assert calls == ["one", "two", "one"]


def test_a_version_that_was_moved_away_is_published_anew(storage: str) -> None:
    store, blobs = open_records(storage, "plots"), open_blobs(storage, "plots")
    records = Records(store, blobs)
    publish(records, "ada", "one")
    [manifest] = blobs.list("manifests/")
    blobs.delete(manifest.key)
    publish(records, "ada", "one")
    found = Plots(records).find("ada", "one")
    assert found is not None
    assert Plots(records).manifest(found)["version"] == 1
