"""What has changed in a live source since a version: appended rows, changed values, or whole columns."""

import base64
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.columns.row_encoding import MAX_PATCHED
from bokeh_data.columns.values import Values, from_arrow
from bokeh_data.sources import changes
from bokeh_data.sources.catalog import SourceCatalog
from bokeh_data.sources.changes import ChangeAllowance, ChangeQuery, Position, SourceChanges
from bokeh_data.sources.drafts import RowsDraft, SourceDraft
from bokeh_data.sources.source import Source
from bokeh_data.storage.repository import DataRepository

APPENDS = st.lists(st.tuples(st.integers(0, 7), st.none() | st.integers(1, 9)), min_size=1, max_size=12)


@pytest.fixture
def source_changes(repository: DataRepository) -> SourceChanges:
    return SourceChanges(repository, SourceCatalog(repository), AccountColumns(repository))


def create(live: Any, **columns: Any) -> Source:
    values = {name: as_values(column) for name, column in columns.items()}
    source: Source = live.create("ada", SourceDraft(name="log", columns=values))
    return source


def as_values(column: Any) -> Values:
    return (
        Values(str(column.dtype), column) if isinstance(column, np.ndarray) else from_arrow(pa.array(column))
    )


def append(live: Any, source: Source, rollover: int | None = None, **columns: Any) -> Source:
    values = {name: as_values(column) for name, column in columns.items()}
    changed: Source = live.append("ada", source.id, RowsDraft(values, rollover=rollover))
    return changed


def replace(live: Any, source: Source, **columns: Any) -> Source:
    values = {name: as_values(column) for name, column in columns.items()}
    changed: Source = live.replace("ada", source.id, SourceDraft(columns=values), None)
    return changed


def decode(encoded: dict[str, Any]) -> list[Any]:
    if "values" in encoded:
        return list(encoded["values"])
    return list(np.frombuffer(base64.b64decode(encoded["data"]), encoded["dtype"]).tolist())


def find(found: SourceChanges, source: Source, since: Source, until: Source | None = None) -> dict[str, Any]:
    position = None if until is None else Position(*until.position)
    return found.find("ada", source.id, ChangeQuery(None, Position(*since.position), position))


def apply(shown: list[Any], since: Source, found: dict[str, Any], column: str) -> list[Any]:
    """Return the rows of a page after an event, as a browser appends them."""
    position, rows = Position(*found["position"]), found["rows"]
    assert rows["start"] in {since.end, position.start}
    longer = shown + decode(rows["columns"][column])
    return longer[max(len(longer) - position.rows, 0) :]


@given(APPENDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_lead_from_each_version_to_each_later_one(
    live: Any, source_changes: SourceChanges, appends: list[tuple[int, int | None]]
) -> None:
    source = create(live, n=np.arange(3.0), s=["0", "1", "2"])
    shown, versions, count = [0.0, 1.0, 2.0], [], 3
    versions.append((source, shown))
    for rows, rollover in appends:
        numbers = np.arange(count, count + rows, dtype=float)
        source = append(
            live, source, rollover, n=numbers, s=pa.array([str(int(n)) for n in numbers], pa.string())
        )
        shown, count = [*shown, *numbers.tolist()], count + rows
        shown = shown[-rollover:] if rollover else shown
        versions.append((source, shown))
    assert source.end == count
    for i, (before, old) in enumerate(versions):
        for after, new in versions[i + 1 :]:
            found = find(source_changes, source, before, after)
            if after.position == before.position or before.position == source.position:
                continue
            if "rows" not in found:
                oldest = source.end - source.rows
                assert max(before.end, after.end - after.rows) < oldest, "the rows are still there"
                continue
            assert apply(old, before, found, "n") == new
            assert apply([str(int(n)) for n in old], before, found, "s") == [str(int(n)) for n in new]


def test_values_have_the_encoding_of_whole_columns(live: Any, source_changes: SourceChanges) -> None:
    source = create(
        live,
        time=np.array(["2026-01-01"], "M8[us]"),
        small=np.array([1], "int64"),
        large=np.array([1 << 60], "int64"),
        flag=np.array([True]),
    )
    newer = append(
        live, source,
        time=np.array(["2026-01-01T00:00:01", "NaT"], "M8[us]"), small=np.array([-5, 7], "int64"),
        large=np.array([-1, 1 << 61], "int64"), flag=np.array([False, True]),
    )  # fmt: skip
    columns = find(source_changes, newer, source)["rows"]["columns"]
    assert {name: column.get("dtype") for name, column in columns.items()} == {
        "time": "float64", "small": "int32", "large": None, "flag": "bool"
    }  # fmt: skip
    assert decode(columns["time"])[0] == 1767225601000.0
    assert np.isnan(decode(columns["time"])[1])
    assert decode(columns["small"]) == [-5, 7]
    assert columns["large"] == {"values": [-1, 1 << 61]}
    assert decode(columns["flag"]) == [False, True]


def test_changed_values_are_patches(live: Any, source_changes: SourceChanges) -> None:
    values = np.arange(600_000.0)
    source = create(live, x=values, y=values)
    patched = values.copy()
    patched[[0, 5, 599_999]] = [np.nan, -1.0, 0.5]
    newer = replace(live, source, x=values, y=patched)
    found = find(source_changes, newer, source)
    assert found["patches"].keys() == {"y"}
    patch = found["patches"]["y"]
    assert np.frombuffer(base64.b64decode(patch["rows"]), "<u4").tolist() == [0, 5, 599_999]
    assert str(decode(patch)) == "[nan, -1.0, 0.5]"


def test_columns_that_differ_otherwise_are_loaded_whole(live: Any, source_changes: SourceChanges) -> None:
    source = create(live, y=np.arange(20_000.0))
    for columns in (
        {"y": np.arange(19_999.0)},
        {"y": np.arange(20_000, dtype="float32")},
        {"y": np.arange(20_000.0), "z": np.arange(20_000.0)},
        {"y": np.arange(20_000.0) + 1},
    ):
        newer = replace(live, source, **columns)
        found = find(source_changes, newer, source)
        assert not found.keys() & {"rows", "patches"}
        assert found["position"] == tuple(newer.position)
    assert MAX_PATCHED < 20_000


def test_rows_that_were_dropped_or_are_too_many_are_not_sent(
    live: Any, source_changes: SourceChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = create(live, y=np.arange(3.0))
    newer = append(live, source, 2, y=np.arange(10.0))
    assert decode(find(source_changes, newer, source)["rows"]["columns"]["y"]) == [8, 9]
    monkeypatch.setattr(changes, "MAX_APPENDED_BYTES", 8)
    assert "rows" not in find(source_changes, newer, source)


def test_a_rollback_is_no_append(live: Any, source_changes: SourceChanges) -> None:
    source = create(live, y=np.arange(3.0))
    newer = append(live, source, y=np.arange(2.0))
    back = live.rollback("ada", source.id, source.version)
    assert "rows" not in find(source_changes, back, newer)
    assert back.position == [3, 3, 3, 3]


def test_sources_of_earlier_releases_get_a_lineage_with_the_next_change(
    live: Any, repository: DataRepository, source_changes: SourceChanges
) -> None:
    source = create(live, y=np.arange(3.0))
    record, etag = repository.read_source("ada", source.id) or ({}, "")
    old = {key: value for key, value in record.items() if key not in {"lineage", "end"}}
    repository._records.put(f"sources/ada/{source.id}", old, if_match=etag)
    older = SourceCatalog(repository).get("ada", source.id)
    assert older.position == [1, 0, 0, 3]
    first = append(live, source, y=np.arange(1.0))
    assert "rows" not in find(source_changes, first, older)
    second = append(live, source, y=np.arange(1.0))
    assert "rows" in find(source_changes, second, first)


def test_a_new_name_is_no_change_of_rows(live: Any, source_changes: SourceChanges) -> None:
    source = create(live, y=np.arange(3.0))
    renamed = live.replace("ada", source.id, SourceDraft(name="other"), None)
    assert renamed.position == [2, 1, 3, 3]
    assert decode(find(source_changes, renamed, source)["rows"]["columns"]["y"]) == []


def test_changed_values_of_a_version_that_was_replaced_long_ago_are_not_found(
    live: Any, source_changes: SourceChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which rows differ tells something about the older version, which readers may never have seen."""
    versions = [create(live, y=np.arange(3.0))]
    versions += [replace(live, versions[0], y=np.array([0.0, 1.0, n])) for n in (3.0, 4.0)]
    for older in versions[:2]:
        assert "patches" in find(source_changes, versions[2], older)
    monkeypatch.setattr(changes, "MAX_AGE", timedelta(0))
    for older in versions[:2]:
        assert not find(source_changes, versions[2], older).keys() & {"patches", "rows"}


def test_all_sources_of_a_request_share_what_may_be_compared_and_sent(
    live: Any, source_changes: SourceChanges
) -> None:
    source = create(live, x=np.arange(1000.0), y=np.arange(1000.0))
    patched = replace(live, source, x=np.arange(1000.0) + 1, y=np.arange(1000.0) + 1)
    query = ChangeQuery(None, Position(*source.position))
    for allowance in (ChangeAllowance(compared=15_999), ChangeAllowance(sent=23_999)):
        assert "patches" not in source_changes.find("ada", source.id, query, allowance)
    allowance = ChangeAllowance(compared=16_000, sent=24_000)
    assert "patches" in source_changes.find("ada", source.id, query, allowance)
    assert allowance == ChangeAllowance(0, 0)
    appended = append(live, patched, x=np.arange(10.0), y=np.arange(10.0))
    query = ChangeQuery(None, Position(*patched.position))
    assert appended.lineage == patched.lineage
    assert "rows" not in source_changes.find("ada", source.id, query, ChangeAllowance(sent=159))
    assert "rows" in source_changes.find("ada", source.id, query, ChangeAllowance(sent=160))
