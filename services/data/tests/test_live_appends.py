"""Rows that are appended to live sources: types, rollover, chunks, and clients at the same time."""

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_common.errors import Invalid
from bokeh_data.columns.browser_encoding import browser_size
from bokeh_data.columns.values import Values, from_arrow
from bokeh_data.sources.drafts import RowsDraft, SourceDraft
from bokeh_data.sources.live import LiveSources
from bokeh_data.storage import column_store
from bokeh_data.storage.column_store import ColumnStore

from .stored_values import read, to_list


@pytest.mark.parametrize(
    ("dtype", "other"),
    [("uint64", "int64"), ("uint8", "int8"), ("int16", "uint16"), ("int64", "uint64")],
)
def test_integers_that_would_overflow_are_rejected(live: LiveSources, dtype: str, other: str) -> None:
    first = live.create("ada", SourceDraft("s", {"x": Values(dtype, np.array([1], dtype))}))
    wrong = np.array([-1 if other.startswith("i") else np.iinfo(other).max], other)
    with pytest.raises(Invalid, match="do not all fit"):
        live.append("ada", first.id, RowsDraft({"x": Values(other, wrong)}))
    fitting = Values(other, np.array([5], other))
    assert live.append("ada", first.id, RowsDraft({"x": fitting})).version == 2


@pytest.mark.parametrize("rollover", [None, 1, 2, 9])
def test_appends_of_no_rows(domain: Any, live: LiveSources, rollover: int | None) -> None:
    first = live.create("ada", SourceDraft("s", {"x": [1, 2], "text": ["a", "ä"]}))
    changed = live.append("ada", first.id, RowsDraft({"x": [], "text": []}, rollover=rollover, key="empty"))
    kept = 2 if rollover is None else min(rollover, 2)
    assert read(domain, changed, "text") == ["a", "ä"][2 - kept :]
    assert read(domain, changed, "x") == [1, 2][2 - kept :]
    assert changed.version == (1 if kept == 2 else 2)


def test_a_repeated_append_is_done_once(domain: Any, live: LiveSources) -> None:
    source = live.create("ada", SourceDraft("s", {"x": [1]}))
    rows = RowsDraft({"x": [2]}, key="once")
    assert live.append("ada", source.id, rows).version == live.append("ada", source.id, rows).version == 2
    assert read(domain, domain.catalog.get("ada", source.id), "x") == [1, 2]


@pytest.mark.parametrize(
    ("rows", "message"),
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
def test_rows_that_do_not_fit_are_rejected(live: LiveSources, rows: Any, message: str) -> None:
    source = live.create("ada", SourceDraft("s", {"x": [1], "y": [0.5]}))
    with pytest.raises(Invalid, match=message):
        live.append("ada", source.id, RowsDraft(rows))


def test_appends_rewrite_the_last_chunks_only(
    domain: Any, live: LiveSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_store, "CHUNK_BYTES", 8000)
    monkeypatch.setattr(column_store, "SMALL_CHUNK_BYTES", 400)
    source = live.create("ada", SourceDraft("s", {"x": Values("int64", np.arange(10_000))}))
    [before] = domain.columns.get("ada", [source.hashes["x"]])
    for i in range(200):
        values = Values("int64", np.arange(7) + 10_000 + 7 * i)
        source = live.append("ada", source.id, RowsDraft({"x": values}))
    [after] = domain.columns.get("ada", [source.hashes["x"]])
    assert after.chunks[: len(before.chunks)] == before.chunks
    assert len(after.chunks) < len(before.chunks) + 8
    assert read(domain, source, "x") == list(range(11_400))


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
        return from_arrow(pa.array([None, *[(1 << 60) + int(n) for n in numbers[1:]]]))
    if kind == "list":
        return from_arrow(pa.array([[float(n)] * (n % 3) for n in numbers], pa.list_(pa.float64())))
    return Values(kind, numbers.astype(kind))


@settings(max_examples=40)
@given(KINDS, st.lists(st.integers(1, 300), min_size=1, max_size=8), st.none() | st.integers(1, 200))
def test_any_appends_with_any_rollover(
    tmp_path_factory: pytest.TempPathFactory, domains: Any, kind: str, sizes: list[int], keep: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_store, "CHUNK_BYTES", 512)
        patch.setattr(column_store, "SMALL_CHUNK_BYTES", 64)
        domain = domains(f"local://{tmp_path_factory.mktemp('appends')}")
        store, start = ColumnStore(domain.repository), sizes[0]
        column = store.create("ada", rows_of(kind, 0, start))
        expected = to_list(rows_of(kind, 0, start))
        for size in sizes[1:]:
            values = rows_of(kind, start, start + size)
            column = store.append("ada", column, values, keep)
            expected = (expected + to_list(values))[-keep if keep else 0 :]
            start += size
        assert concatenated(store.rows(column, 0, column.length)) == expected
        half = column.length // 2
        assert concatenated(store.rows(column, half, half + 9)) == expected[half : half + 9]
        assert len(b"".join(store.browser_blocks(column))) == browser_size(column)


def concatenated(parts: Iterable[Values]) -> list[Any]:
    return [item for part in parts for item in to_list(part)]


def test_concurrent_appends_are_all_kept(storage: str, domains: Any) -> None:
    """Append by eight threads to two services, which share no lock."""
    services = [domains(storage) for _ in range(2)]
    source = services[0].live.create("ada", SourceDraft("s", {"client": [-1], "n": [-1]}))

    def client(number: int) -> None:
        for n in range(12):
            services[number % 2].live.append("ada", source.id, RowsDraft({"client": [number], "n": [n]}))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = services[0].catalog.get("ada", source.id)
    pairs = list(zip(read(services[0], found, "client"), read(services[0], found, "n"), strict=True))
    assert sorted(pairs) == sorted([(-1, -1), *((c, n) for c in range(8) for n in range(12))])
    assert found.version == 97
