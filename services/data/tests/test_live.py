"""Live sources: their versions, which of them are kept, rollback and copies."""

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bokeh_common.errors import Conflict, Invalid, NotFound, PreconditionFailed
from bokeh_common.hashing import hash_bytes
from bokeh_data.columns.arrow_chunks import write_chunk
from bokeh_data.columns.values import Values
from bokeh_data.sources import versions
from bokeh_data.sources.drafts import RowsDraft, SourceDraft
from bokeh_data.sources.live import LiveSources
from bokeh_data.sources.retention import RetentionPolicy
from bokeh_data.sources.source import Source

from .stored_values import read


def test_versions_are_counted_and_kept(domain: Any, live: LiveSources) -> None:
    first = live.create("ada", SourceDraft("s", {"x": [1, 2], "name": ["a", None]}))
    second = live.append("ada", first.id, RowsDraft({"x": [3], "name": ["c"]}))
    third = live.replace("ada", first.id, SourceDraft("t", {"y": [0.5]}), second.etag)
    assert [first.version, second.version, third.version] == [1, 2, 3]
    assert [version.version for version in domain.history.page("ada", third, 0, 10)] == [1, 2, 3]
    assert domain.history.at("ada", third, 2).columns == second.columns
    assert read(domain, second, "x") == [1, 2, 3]
    assert read(domain, second, "name") == ["a", None, "c"]
    restored = live.rollback("ada", first.id, 2)
    assert (restored.version, restored.columns, restored.name) == (4, second.columns, "t")


def test_changes_of_an_outdated_version_are_rejected(live: LiveSources) -> None:
    first = live.create("ada", SourceDraft("s", {"x": [1]}))
    live.append("ada", first.id, RowsDraft({"x": [2]}))
    for change in (
        lambda: live.replace("ada", first.id, SourceDraft(columns={}), first.etag),
        lambda: live.append("ada", first.id, RowsDraft({"x": [2]}), first.etag),
        lambda: live.rollback("ada", first.id, 1, first.etag),
        lambda: live.delete("ada", first.id, first.etag),
    ):
        with pytest.raises(PreconditionFailed, match="version 2"):
            change()


@pytest.mark.parametrize(
    "spec",
    [
        {"dtype": "float64", "shape": [1 << 62, 0], "chunks": []},
        Values("float64", np.empty((1 << 40, 0))),
        {"dtype": "float64", "shape": [5, 0], "chunks": [], "skip": 3},
        {"dtype": "float64", "shape": [0], "chunks": [], "skip": 3},
    ],
    ids=str,
)
def test_rows_without_elements_are_limited(live: LiveSources, spec: Any) -> None:
    with pytest.raises(Invalid):
        live.create("ada", SourceDraft("s", {"x": spec}))
    few = {"dtype": "float64", "shape": [3, 0], "chunks": []}
    assert live.create("ada", SourceDraft("s", {"x": few})).columns["x"]["length"] == 3


def test_a_change_without_effect_makes_no_version(live: LiveSources) -> None:
    first = live.create("ada", SourceDraft("s", {"x": [1]}))
    assert live.replace("ada", first.id, SourceDraft(columns={"x": [1]}), None).version == 1


def test_a_new_source_needs_a_name_and_columns(live: LiveSources) -> None:
    for draft in (SourceDraft(), SourceDraft("s"), SourceDraft(columns={})):
        with pytest.raises(Invalid, match="needs"):
            live.create("ada", draft)


def copy_columns(source: Source, domain: Any, target: Any) -> dict[str, Any]:
    """Upload the chunks of a source's columns to another storage as a client does; return the manifests."""
    manifests = {}
    columns = domain.columns.get("ada", [*source.hashes.values()])
    for name, column in zip(source.columns, columns, strict=True):
        for chunk in column.chunks:
            blocks, size = domain.chunks.read("ada", chunk.hash)
            assert size == chunk.size
            target.chunks.store("ada", chunk.hash, blocks)
        manifests[name] = json.loads(column.manifest)
    return manifests


def test_a_source_is_created_again_with_its_history(
    domain: Any, live: LiveSources, domains: Any, tmp_path: Path
) -> None:
    times = Values("datetime64[ns]", np.array(["2026-01-01", "NaT"], "M8[ns]"))
    one = live.create("ada", SourceDraft("s", {"x": [1, 2], "text": ["ä", None], "t": times}))
    rows: dict[str, list[object]] = {"x": [3], "text": ["c"], "t": [0]}
    two = live.append("ada", one.id, RowsDraft({**rows}, rollover=2))
    more = {name: values * 5 for name, values in rows.items()}
    three = live.append("ada", one.id, RowsDraft(more, rollover=6))
    target = domains(f"local://{tmp_path / 'target'}")
    draft = SourceDraft(two.name, copy_columns(two, domain, target), id=one.id, version=7)
    created = target.live.create("ada", draft)
    assert (created.id, created.version, created.columns) == (one.id, 7, two.columns)
    draft = SourceDraft(three.name, copy_columns(three, domain, target), version=9)
    newer = target.live.replace("ada", one.id, draft, None)
    assert (newer.version, newer.columns) == (9, three.columns)
    assert read(target, newer, "text") == [None, "c", "c", "c", "c", "c", "c"][-6:]
    with pytest.raises(Invalid, match="greater than 9"):
        target.live.replace("ada", one.id, draft, None)
    with pytest.raises(Conflict, match="already"):
        target.live.create("ada", SourceDraft("s", {}, id=one.id, version=7))
    assert target.live.append("ada", one.id, RowsDraft(rows)).version == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": 3},
        {"dtype": "arrow[large_string]"},
        {"data": b"no stream"},
        {"data": b""},
        {"skip": 2},
        {"shape": [2, 1]},
        {"dtype": "float64"},
    ],
    ids=str,
)
def test_invalid_arrow_chunks_are_rejected(domain: Any, live: LiveSources, wrong: dict[str, Any]) -> None:
    valid = {"data": write_chunk(pa.array(["a", "b"])), "rows": 2, "shape": [2], "dtype": "arrow[string]"}
    sent = {**valid, "skip": 0, **wrong}
    chunk = {"hash": hash_bytes(sent["data"]), "size": len(sent["data"]), "rows": sent["rows"]}
    domain.chunks.store("ada", chunk["hash"], [sent["data"]])
    manifest = {"dtype": sent["dtype"], "shape": sent["shape"], "chunks": [chunk], "skip": sent["skip"]}
    with pytest.raises(Invalid):
        live.create("ada", SourceDraft("s", {"x": manifest}))


def test_frozen_sources_cannot_be_changed(domain: Any, live: LiveSources) -> None:
    frozen, _ = domain.frozen.create("ada", "f", {})
    with pytest.raises(Conflict, match="frozen"):
        live.append("ada", frozen.id, RowsDraft({}))


def test_old_versions_are_pruned_except_those_that_plots_show(domain: Any, live: LiveSources) -> None:
    source = live.create("ada", SourceDraft("s", {"x": [0]}, keep=RetentionPolicy(3)))
    for i in range(10):
        source = live.append("ada", source.id, RowsDraft({"x": [i]}))
        if source.version == 4:
            domain.plots.shown.add(source.hashes["x"])
    asyncio.run(domain.history.prune("ada", source))
    assert [version.version for version in domain.history.page("ada", source, 0, 99)] == [4, 9, 10, 11]
    with pytest.raises(NotFound, match="not kept"):
        domain.history.at("ada", source, 2)


def test_old_versions_are_pruned_after_an_outage_of_the_plots_service(
    domain: Any, live: LiveSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "PRUNE_EVERY", 4)
    source = live.create("ada", SourceDraft("s", {"x": [0]}, keep=RetentionPolicy(2)))
    kept = []
    outage: list[set[str] | None] = [None] * 4
    for shown in [*outage, set(), set(), set()]:
        domain.plots.shown = shown
        source = live.append("ada", source.id, RowsDraft({"x": [1]}))
        asyncio.run(domain.history.after_commit("ada", source))
        kept.append([version.version for version in domain.history.page("ada", source, 0, 99)])
    assert kept[:-1] == [list(range(1, newest + 1)) for newest in range(2, 8)]
    assert kept[-1] == [7, 8]


def test_deletion_deletes_old_versions(domain: Any, live: LiveSources) -> None:
    source = live.create("ada", SourceDraft("s", {"x": [0]}))
    live.append("ada", source.id, RowsDraft({"x": [1]}))
    live.delete("ada", source.id)
    assert domain.repository.versions("ada", source.id, 0, 10) == []
    with pytest.raises(NotFound):
        domain.catalog.get("ada", source.id)
