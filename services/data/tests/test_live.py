"""Live sources: versions, appending, rolling over, going back."""

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_common.errors import Changed, Conflict, Invalid, NotFound
from bokeh_common.storage import open_blobs, open_records
from bokeh_data import columnstore
from bokeh_data.arrowchunks import write_chunk
from bokeh_data.columnstore import ColumnStore
from bokeh_data.live import LiveSources, Rows
from bokeh_data.records import Records
from bokeh_data.shown import shown_size
from bokeh_data.sources import Source, Sources
from bokeh_data.values import Values, from_arrow
from bokeh_data.versions import Versions


def read(sources: Sources, source: Source, name: str) -> list[Any]:
    """Return the values of a column as stored."""
    [column] = sources.columns("ada", [source.hashes[name]])
    parts = [v.array for v in ColumnStore(sources._records).rows(column, 0, column.length)]
    assert sum(map(len, parts)) == column.length
    return [
        item
        for part in parts
        for item in (part.tolist() if isinstance(part, np.ndarray) else part.to_pylist())
    ]


def test_versions_grow_and_are_kept(live: LiveSources, sources: Sources, versions: Versions) -> None:
    first = live.create("ada", {"name": "s", "columns": {"x": [1, 2], "name": ["a", None]}}, [])
    second = live.append("ada", first.id, Rows({"x": [3], "name": ["c"]}, []))
    third = live.replace("ada", first.id, {"columns": {"y": [0.5]}, "name": "t"}, [], second.tag)
    assert [first.version, second.version, third.version] == [1, 2, 3]
    assert [v.version for v in versions.page("ada", third, 0, 10)] == [1, 2, 3]
    assert versions.at("ada", third, 2).columns == second.columns
    assert read(sources, second, "x") == [1, 2, 3]
    assert read(sources, second, "name") == ["a", None, "c"]
    back = live.rollback("ada", first.id, 2)
    assert (back.version, back.columns, back.name) == (4, second.columns, "t")


def test_who_changes_must_have_read_it(live: LiveSources) -> None:
    first = live.create("ada", {"name": "s", "columns": {"x": [1]}}, [])
    live.append("ada", first.id, Rows({"x": [2]}, []))
    for change in (
        lambda: live.replace("ada", first.id, {"columns": {}}, [], first.tag),
        lambda: live.append("ada", first.id, Rows({"x": [2]}, []), first.tag),
        lambda: live.rollback("ada", first.id, 1, first.tag),
        lambda: live.delete("ada", first.id, first.tag),
    ):
        with pytest.raises(Changed, match="version 2"):
            change()


@pytest.mark.parametrize(
    ("column", "more"),
    [("uint64", "int64"), ("uint8", "int8"), ("int16", "uint16"), ("int64", "uint64")],
)
def test_numbers_of_another_sign_are_refused(live: LiveSources, column: str, more: str) -> None:
    first = live.create("ada", {"name": "s", "columns": {"x": Values(column, np.array([1], column))}}, [])
    wrong = np.array([-1 if more.startswith("i") else np.iinfo(more).max], more)
    with pytest.raises(Invalid, match="do not all fit"):
        live.append("ada", first.id, Rows({"x": Values(more, wrong)}, []))
    fits = Values(more, np.array([5], more))
    assert live.append("ada", first.id, Rows({"x": fits}, [])).version == 2


@pytest.mark.parametrize("rollover", [None, 1, 2, 9])
def test_no_rows_at_all_are_appended(live: LiveSources, sources: Sources, rollover: int | None) -> None:
    first = live.create("ada", {"name": "s", "columns": {"x": [1, 2], "text": ["a", "ä"]}}, [])
    longer = live.append("ada", first.id, Rows({"x": [], "text": []}, [], rollover=rollover))
    kept = 2 if rollover is None else min(rollover, 2)
    assert read(sources, longer, "text") == ["a", "ä"][2 - kept :]
    assert read(sources, longer, "x") == [1, 2][2 - kept :]
    assert longer.version == (1 if kept == 2 else 2)


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
def test_rows_without_elements_are_bounded(live: LiveSources, spec: Any) -> None:
    with pytest.raises(Invalid):
        live.create("ada", {"name": "s", "columns": {"x": spec}}, [])
    few = {"dtype": "float64", "shape": [3, 0], "chunks": []}
    assert live.create("ada", {"name": "s", "columns": {"x": few}}, []).columns["x"]["length"] == 3


def test_nothing_changed_makes_no_version(live: LiveSources) -> None:
    first = live.create("ada", {"name": "s", "columns": {"x": [1]}}, [])
    assert live.replace("ada", first.id, {"columns": {"x": [1]}}, [], None).version == 1


def copied(first: LiveSources, second: LiveSources, sources: Sources, source: Source) -> dict[str, Any]:
    """Hand the columns of a source to another storage as a client would, and return what it would say."""
    columns = {}
    for name, column in zip(source.columns, sources.columns("ada", [*source.hashes.values()]), strict=True):
        for chunk in column.chunks:
            blocks, size = sources.chunk("ada", chunk.hash)
            assert size == chunk.size
            second._sources.store_chunk("ada", chunk.hash, blocks)
        columns[name] = json.loads(column.manifest)
    return {"id": source.id, "name": source.name, "version": source.version, "columns": columns}


def test_a_source_is_made_again_with_its_history(live: LiveSources, sources: Sources, tmp_path: Path) -> None:
    times = Values("datetime64[ns]", np.array(["2026-01-01", "NaT"], "M8[ns]"))
    body = {"name": "s", "columns": {"x": [1, 2], "text": ["ä", None], "t": times}}
    one = live.create("ada", body, [])
    now: dict[str, list[object]] = {"x": [3], "text": ["c"], "t": [0]}
    two = live.append("ada", one.id, Rows({**now}, [], rollover=2))
    three = live.append("ada", one.id, Rows({name: rows * 5 for name, rows in now.items()}, [], rollover=6))
    url = f"local://{tmp_path / 'elsewhere'}"
    elsewhere = Records(open_records(url, "data"), open_blobs(url, "data"))
    other = LiveSources(elsewhere, Sources(elsewhere), Versions(elsewhere, None))  # type: ignore[arg-type]  # nobody asks plots
    made = other.create("ada", {**copied(live, other, sources, two), "version": 7}, [])
    assert (made.id, made.version, made.columns) == (one.id, 7, two.columns)
    again = copied(live, other, sources, three)
    newer = other.replace("ada", one.id, {**again, "version": 9}, [], None)
    assert (newer.version, newer.columns) == (9, three.columns)
    assert read(Sources(elsewhere), newer, "text") == [None, "c", "c", "c", "c", "c", "c"][-6:]
    with pytest.raises(Invalid, match="greater than 9"):
        other.replace("ada", one.id, {**again, "version": 9}, [], None)
    with pytest.raises(Conflict, match="already"):
        other.create("ada", {**again, "version": 7}, [])
    assert other.append("ada", one.id, Rows(now, [])).version == 10


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
def test_chunks_of_arrow_are_looked_into(live: LiveSources, wrong: dict[str, Any]) -> None:
    told = {"data": write_chunk(pa.array(["a", "b"])), "rows": 2, "shape": [2], "dtype": "arrow[string]"}
    given = {**told, "skip": 0, **wrong}
    chunk = {"hash": blake3(given["data"]).hexdigest(), "size": len(given["data"]), "rows": given["rows"]}
    live._sources.store_chunk("ada", chunk["hash"], [given["data"]])
    spec = {"dtype": given["dtype"], "shape": given["shape"], "chunks": [chunk], "skip": given["skip"]}
    with pytest.raises(Invalid):
        live.create("ada", {"name": "s", "columns": {"x": spec}}, [])


@pytest.mark.parametrize(
    "wrong", [{"id": "x"}, {"id": 1}, {"version": 0}, {"version": True}, {"version": 1e3}]
)
def test_wrong_identities(live: LiveSources, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        live.create("ada", {"name": "s", "columns": {}, **wrong}, [])


def test_frozen_sources_do_not_change(live: LiveSources, sources: Sources) -> None:
    frozen, _ = sources.create("ada", "f", {})
    with pytest.raises(Conflict, match="frozen"):
        live.append("ada", frozen.id, Rows({}, []))


def test_a_repeated_append_is_done_once(live: LiveSources, sources: Sources) -> None:
    source = live.create("ada", {"name": "s", "columns": {"x": [1]}}, [])
    rows = Rows({"x": [2]}, [], key="once")
    assert live.append("ada", source.id, rows).version == live.append("ada", source.id, rows).version == 2
    assert read(sources, sources.get("ada", source.id), "x") == [1, 2]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"x": [1]}, "each of the columns"),
        ({"x": [1], "y": [1], "z": [1]}, "each of the columns"),
        ({"x": [1], "y": [1, 2]}, "same number"),
        ({"x": [1.5], "y": [1]}, "'x'"),
        ({"x": ["a"], "y": [1]}, "'x'"),
        ({"x": [1 << 70], "y": [1]}, "'x'"),
        ({"x": [None], "y": [1]}, "'x'"),
        ({"x": 5, "y": [1]}, "'x'"),
        ({"x": {"type": "ndarray", "dtype": "int64", "shape": [2]}, "y": [1]}, "'x'"),
    ],
)
def test_rows_that_do_not_fit(live: LiveSources, rows: Any, says: str) -> None:
    source = live.create("ada", {"name": "s", "columns": {"x": [1], "y": [0.5]}}, [])
    with pytest.raises(Invalid, match=says):
        live.append("ada", source.id, Rows(rows, []))


def test_old_versions_are_forgotten_but_those_that_plots_show(
    live: LiveSources, versions: Versions, plots: Any, sources: Sources
) -> None:
    source = live.create("ada", {"name": "s", "columns": {"x": [0]}, "keep": {"versions": 3}}, [])
    for i in range(10):
        source = live.append("ada", source.id, Rows({"x": [i]}, []))
        if source.version == 4:
            plots.shown.add(source.hashes["x"])
    versions.prune("ada", source)
    assert [v.version for v in versions.page("ada", source, 0, 99)] == [4, 9, 10, 11]
    with pytest.raises(NotFound, match="not kept"):
        versions.at("ada", source, 2)


def test_deleting_takes_the_history(live: LiveSources, sources: Sources, records: Records) -> None:
    source = live.create("ada", {"name": "s", "columns": {"x": [0]}}, [])
    live.append("ada", source.id, Rows({"x": [1]}, []))
    live.delete("ada", source.id)
    assert records.versions("ada", source.id, 0, 10) == []
    with pytest.raises(NotFound):
        sources.get("ada", source.id)


def test_tail_alone_is_written_anew(
    live: LiveSources, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnstore, "CHUNK_BYTES", 8000)
    monkeypatch.setattr(columnstore, "SMALL_BYTES", 400)
    source = live.create("ada", {"name": "s", "columns": {"x": Values("int64", np.arange(10_000))}}, [])
    [before] = sources.columns("ada", [source.hashes["x"]])
    for i in range(200):
        values = Values("int64", np.arange(7) + 10_000 + 7 * i)
        source = live.append("ada", source.id, Rows({"x": values}, []))
    [after] = sources.columns("ada", [source.hashes["x"]])
    assert after.chunks[: len(before.chunks)] == before.chunks
    assert len(after.chunks) < len(before.chunks) + 8
    assert read(sources, source, "x") == list(range(11_400))


KINDS = st.sampled_from(
    ["int64", "float32", "datetime64[ns]", "bool", "string", "dictionary", "nullable", "list"]
)


def rows_of(kind: str, start: int, stop: int) -> Values:
    numbers = np.arange(start, stop)
    if kind == "string":
        return from_arrow(pa.array([f"row {n}" if n % 5 else None for n in numbers], pa.string()))
    if kind == "dictionary":
        return from_arrow(pa.array([f"k{n % 7}" for n in numbers], pa.string()).dictionary_encode())
    if kind == "nullable":
        return from_arrow(pa.array([None, *[int(n) for n in numbers[1:]]], pa.int32()))
    if kind == "list":
        return from_arrow(pa.array([[float(n)] * (n % 3) for n in numbers], pa.list_(pa.float64())))
    return Values(kind, numbers.astype(kind))


@settings(max_examples=40, deadline=None)
@given(KINDS, st.lists(st.integers(1, 300), min_size=1, max_size=8), st.none() | st.integers(1, 200))
def test_any_appends_with_any_rollover(
    tmp_path_factory: pytest.TempPathFactory, kind: str, sizes: list[int], keep: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columnstore, "CHUNK_BYTES", 512)
        patch.setattr(columnstore, "SMALL_BYTES", 64)
        storage = f"local://{tmp_path_factory.mktemp('appends')}"
        sources = Sources(Records(open_records(storage, "data"), open_blobs(storage, "data")))
        store, start = ColumnStore(sources._records), sizes[0]
        column = store.make("ada", rows_of(kind, 0, start))
        expected = to_list(rows_of(kind, 0, start))
        for size in sizes[1:]:
            values = rows_of(kind, start, start + size)
            column = store.append("ada", column, values, keep)
            expected = (expected + to_list(values))[-keep if keep else 0 :]
            start += size
        assert all_of(store.rows(column, 0, column.length)) == expected
        half = column.length // 2
        assert all_of(store.rows(column, half, half + 9)) == expected[half : half + 9]
        assert len(b"".join(store.shown(column))) == shown_size(column)


def to_list(values: Values) -> list[Any]:
    return list(values.array.tolist() if isinstance(values.array, np.ndarray) else values.array.to_pylist())


def all_of(parts: Iterable[Values]) -> list[Any]:
    return [item for part in parts for item in to_list(part)]


def test_threads_lose_nothing(storage: str, versions: Versions) -> None:
    """Two services, which share no lock, and eight clients."""
    made = [Records(open_records(storage, "data"), open_blobs(storage, "data")) for _ in range(2)]
    services = [LiveSources(records, Sources(records), versions) for records in made]
    source = services[0].create("ada", {"name": "s", "columns": {"client": [-1], "n": [-1]}}, [])

    def client(number: int) -> None:
        for n in range(12):
            services[number % 2].append("ada", source.id, Rows({"client": [number], "n": [n]}, []))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sources = Sources(made[0])
    now = sources.get("ada", source.id)
    pairs = list(zip(read(sources, now, "client"), read(sources, now, "n"), strict=True))
    assert sorted(pairs) == sorted([(-1, -1), *((c, n) for c in range(8) for n in range(12))])
    assert now.version == 97
