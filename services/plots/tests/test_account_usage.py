"""Counting and erasing the plots of an account."""

import asyncio
from typing import Any

import msgspec
import pytest

from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import open_blobs, open_records
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.publication import parse_publication
from bokeh_plots.plots import account_usage
from bokeh_plots.plots.account_usage import PlotUsage
from bokeh_plots.plots.plots import Plots
from bokeh_plots.plots.publishing import PlotPublisher
from bokeh_plots.storage.repository import PlotRepository


def publish(repository: PlotRepository, user: str, *names: str) -> None:
    publisher = PlotPublisher(
        repository, DataClient(ServiceClient("http://unreachable.invalid")), max_versions=5
    )
    for name in names:
        root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": name}}
        body = {"name": name, "document": {"version": "3.9.2", "roots": [root]}}
        asyncio.run(publisher.publish(user, parse_publication(body), None))


def test_plots_are_counted_and_erased_in_batches(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, blobs = open_records(storage, "plots"), open_blobs(storage, "plots")
    repository = PlotRepository(store, blobs)
    publish(repository, "ada", "one", "two", "three")
    publish(repository, "ada2", "one")
    before = sum(blob.size for blob in blobs.list(limit=100) if "/ada/" in blob.key)
    before += sum(len(msgspec.json.encode(record.value)) for record in store.list("plots/ada/"))
    assert PlotUsage(repository).count("ada") == 3
    monkeypatch.setattr(account_usage, "ERASE_BATCH", 2)
    answers = [PlotUsage(repository).erase("ada")]
    while not answers[-1]["done"]:
        answers.append(PlotUsage(repository).erase("ada"))
    assert len(answers) > 3
    assert sum(answer["plots"] for answer in answers) == 3
    assert sum(answer["bytes"] for answer in answers) == before
    assert PlotUsage(repository).count("ada") == 0
    keys = [record.key for record in store.list()] + [blob.key for blob in blobs.list()]
    assert [key for key in keys if "/ada/" in key] == []
    assert len(store.list("ids/")) == 1
    assert Plots(repository).find("ada2", "one") is not None
    assert PlotUsage(repository).erase("ada") == {"plots": 0, "bytes": 0, "done": True}


def test_a_plot_that_changes_while_it_is_erased_is_erased_by_the_next_call(
    storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = PlotRepository(open_records(storage, "plots"), open_blobs(storage, "plots"))
    publish(repository, "ada", "one", "two")
    real, calls = repository.remove, []

    def overtaken(user: str, value: Any, etag: str) -> None:
        calls.append(value["name"])
        real(user, value, "an older etag" if len(calls) == 1 else etag)

    monkeypatch.setattr(repository, "remove", overtaken)
    first, second = PlotUsage(repository).erase("ada"), PlotUsage(repository).erase("ada")
    assert (first["plots"], first["done"]) == (1, False)
    assert (second["plots"], second["done"]) == (1, True)
    assert calls == ["one", "two", "one"]


def test_a_version_without_a_manifest_is_published_again(storage: str) -> None:
    store, blobs = open_records(storage, "plots"), open_blobs(storage, "plots")
    repository = PlotRepository(store, blobs)
    publish(repository, "ada", "one")
    [manifest] = blobs.list("manifests/")
    blobs.delete(manifest.key)
    publish(repository, "ada", "one")
    found = Plots(repository).find("ada", "one")
    assert found is not None
    assert Plots(repository).manifest(found)["version"] == 1
