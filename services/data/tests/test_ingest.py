"""Files that become data sources: types and values are kept."""

import io
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from bokeh_common.errors import Forbidden, Invalid, TooLarge
from bokeh_common.http.temporary_file import write_temporary_file
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.values import from_arrow, to_arrow
from bokeh_data.ingest.ingest import FileIngest, IngestLimits
from bokeh_data.sources.drafts import RowsDraft, SourceDraft
from bokeh_data.sources.live import LiveSources
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository

ROWS = 100_000


@pytest.fixture
def ingest(repository: DataRepository) -> FileIngest:
    return FileIngest(repository, IngestLimits(512 << 20, 1 << 30))


def write_stream(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=30_000)
    return sink.getvalue()


def write_file(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=30_000)
    return sink.getvalue()


def write_parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def upload(ingest: FileIngest, file_format: str, data: bytes) -> dict[str, Column]:
    with write_temporary_file([data]) as file:
        return ingest.store_columns("ada", file_format, file).columns


def read(repository: DataRepository, column: Column) -> pa.ChunkedArray:
    parts = ColumnStore(repository).rows(column, 0, column.length)
    return pa.chunked_array([to_arrow(values) for values in parts])


EXACT = Decimal("1.00000000000000000001")  # which float64 would round


def create_table() -> pa.Table:
    rng, n = np.random.default_rng(1), ROWS
    some = np.arange(n) % 7 == 0
    return pa.table(
        {
            "float": rng.standard_normal(n),
            "nan": np.where(some, np.nan, 1.5),
            "half": rng.standard_normal(n).astype(np.float16),
            "int8": (np.arange(n) % 100).astype(np.int8),
            "uint64": np.arange(n, dtype=np.uint64) + np.uint64(1 << 63),
            "bool": some,
            "int with nulls": pa.array(np.arange(n), mask=some),
            "large with nulls": pa.array(np.arange(n) + (1 << 60), mask=some),
            "double with nulls": pa.array(np.where(np.arange(n) % 5 == 0, np.nan, 0.5), mask=some),
            "late null": pa.array(np.arange(n), mask=np.arange(n) == n - 1),
            "late large null": pa.array(np.arange(n) << 40, mask=np.arange(n) == n - 1),
            "time": pa.array(np.arange(n), pa.timestamp("us", "Europe/Berlin")),
            "time with nulls": pa.array(np.arange(n), pa.timestamp("ns"), mask=some),
            "span": pa.array(np.arange(n), pa.duration("ms")),
            "day": pa.array(np.arange(n, dtype=np.int32), pa.date32()),
            "text": pa.array([None if i % 7 == 0 else f"ä{i}" for i in range(n)]),
            "category": pa.array([f"k{i % 5}" for i in range(n)]).dictionary_encode(),
            "list": pa.array([[i] * (i % 3) for i in range(n)], pa.list_(pa.int32())),
            "pair": pa.FixedSizeListArray.from_arrays(pa.array(rng.standard_normal(2 * n)), 2),
            "decimal": pa.array([Decimal(i % 9) for i in range(n)], pa.decimal128(5, 2)),
            "exact decimal": pa.array(
                [1] * (n - 1) + [Decimal("1.00000000000000000001")], pa.decimal128(30, 20)
            ),
        }
    )


WRITERS: dict[str, Callable[[pa.Table], bytes]] = {
    "arrow-stream": write_stream,
    "arrow-file": write_file,
    "parquet": lambda table: write_parquet(table, row_group_size=40_000),
}


@pytest.mark.parametrize("file_format", WRITERS)
def test_types_and_values_are_kept(repository: DataRepository, ingest: FileIngest, file_format: str) -> None:
    table = create_table()
    columns = upload(ingest, file_format, WRITERS[file_format](table))
    assert list(columns) == table.column_names
    kinds = {name: column.dtype for name, column in columns.items()}
    assert kinds == {
        "float": "float64", "nan": "float64", "half": "float16", "int8": "int8", "uint64": "uint64",
        "bool": "bool", "int with nulls": "float64", "large with nulls": "arrow[int64]",
        "double with nulls": "float64",
        "late null": "float64", "late large null": "arrow[int64]", "time": "datetime64[us, Europe/Berlin]",
        "time with nulls": "datetime64[ns]", "span": "timedelta64[ms]", "day": "datetime64[D]",
        "text": "arrow[string]", "list": kinds["list"], "pair": "float64",
        "category": "arrow[dictionary<values=string, indices=int32, ordered=0>]",
        "decimal": "float64", "exact decimal": "arrow[decimal128(30, 20)]",
    }  # fmt: skip
    assert columns["pair"].shape == (ROWS, 2)
    for name, column in columns.items():
        found = read(repository, column)
        assert column.length == ROWS
        if name in ("nan", "double with nulls", "int with nulls", "late null"):
            np.testing.assert_array_equal(np.asarray(found), np.asarray(table[name]))
            assert found.null_count == 0, "a missing number is NaN"
        else:
            assert found.cast(table[name].type).equals(table[name]), name


def test_a_column_has_the_same_hash_as_a_published_one(
    repository: DataRepository, ingest: FileIngest
) -> None:
    values = np.random.default_rng(2).standard_normal(1_500_000)
    columns = upload(ingest, "arrow-stream", write_stream(pa.table({"x": values})))
    assert columns["x"].hash == ColumnStore(repository).create("ada", from_arrow(pa.array(values))).hash


def test_nan_of_pandas_is_nan(ingest: FileIngest, repository: DataRepository) -> None:
    frame = pd.DataFrame(
        {
            "plain": [1.0, np.nan],
            "nullable": pd.array([1.0, None], "Float64"),
            "when": pd.to_datetime(["2026-01-01", "NaT"]).tz_localize("UTC"),
            "kind": pd.Categorical(["b", None], ["c", "b"], ordered=True),
        }
    )
    sink = io.BytesIO()
    frame.to_parquet(sink)
    columns = upload(ingest, "parquet", sink.getvalue())
    assert [column.dtype for column in columns.values()][:2] == ["float64", "float64"]
    assert columns["when"].dtype.endswith(", UTC]")
    assert columns["kind"].dtype == "arrow[dictionary<values=string, indices=int8, ordered=1>]"
    assert read(repository, columns["kind"]).to_pylist() == ["b", None]


def test_types_of_csv_are_inferred_from_all_values(ingest: FileIngest, repository: DataRepository) -> None:
    n = 300_000  # more than one block
    lines = [f'{i},{i},{i}.0,true,2026-01-01T00:00:{i % 60:02},,"a\n{i}"' for i in range(n)]
    lines[n - 1] = 'x,,nan,,2026-01-01T00:00:00.5,,"say ""hi"""'
    data = "\n".join(["text,int,float,bool,time,nothing,lines", *lines]).encode()
    columns = upload(ingest, "csv", data)
    assert {name: column.dtype for name, column in columns.items()} == {
        "text": "arrow[string]", "int": "float64", "float": "float64", "bool": "arrow[bool]",
        "time": "datetime64[ms]", "nothing": "arrow[null]", "lines": "arrow[string]",
    }  # fmt: skip
    assert read(repository, columns["lines"]).to_pylist()[-2:] == [f"a\n{n - 2}", 'say "hi"']
    assert np.isnan(read(repository, columns["float"])[n - 1].as_py())
    assert np.isnan(read(repository, columns["int"])[n - 1].as_py())
    assert columns["text"].length == n


def test_files_without_rows_have_columns(ingest: FileIngest) -> None:
    empty = create_table().slice(0, 0)
    for file_format, write in WRITERS.items():
        columns = upload(ingest, file_format, write(empty))
        assert {column.length for column in columns.values()} == {0}
    assert upload(ingest, "csv", b"a,b\n")["a"].length == 0


def test_rows_are_appended_to_a_source_of_a_file(ingest: FileIngest, live: LiveSources) -> None:
    table = pa.table({"x": [1, 2], "text": ["a", None]})
    source = live.create("ada", SourceDraft("s", upload(ingest, "parquet", write_parquet(table))))
    longer = live.append("ada", source.id, RowsDraft({"x": [3], "text": ["c"]}))
    assert {column["length"] for column in longer.columns.values()} == {3}


def test_a_file_that_exceeds_the_quota_is_rejected(repository: DataRepository, ingest: FileIngest) -> None:
    repository.set_quota("ada", 1 << 20)
    with pytest.raises(Forbidden):
        upload(ingest, "arrow-stream", write_stream(pa.table({"x": np.arange(1_000_000)})))


def test_the_size_of_all_columns_is_limited(repository: DataRepository) -> None:
    zeros = write_parquet(pa.table({"x": np.zeros(4_000_000)}), compression="zstd")
    assert len(zeros) < 100_000
    with pytest.raises(TooLarge, match="more in the file"):
        upload(FileIngest(repository, IngestLimits(512 << 20, 20 << 20)), "parquet", zeros)


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["a", "a"], "Two of its columns"),
        (["x" * 16_385], "must have at most 16384 characters"),
        ([], "no columns"),
    ],
)
def test_invalid_names_of_columns_are_rejected(ingest: FileIngest, names: list[str], match: str) -> None:
    table = pa.Table.from_arrays([pa.array([1])] * len(names), names)
    with pytest.raises(Invalid, match=match):
        upload(ingest, "arrow-stream", write_stream(table))


@pytest.mark.parametrize("file_format", ["parquet", "arrow-stream"])
def test_missing_integers_in_lists_are_nan(
    ingest: FileIngest, repository: DataRepository, file_format: str
) -> None:
    """The first null comes after several batches; integers that float64 would round keep their nulls."""
    table = pa.table(
        {
            "lists": [[i, 7] for i in range(ROWS)] + [[1, None], [], None],
            "nested": pa.array([[[1], [None]]] * (ROWS + 3), pa.large_list(pa.list_(pa.int8()))),
            "whole": [[1, 2]] * (ROWS + 3),
            "large": [[(1 << 60) + 1, None]] * (ROWS + 3),
        }
    )
    data = write_parquet(table) if file_format == "parquet" else write_stream(table)
    columns = upload(ingest, file_format, data)
    assert {name: column.dtype for name, column in columns.items()} == {
        "lists": "arrow[list<item: double>]",
        "nested": "arrow[large_list<item: list<item: double>>]",
        "whole": "arrow[list<item: int64>]",
        "large": "arrow[list<item: int64>]",
    }
    found = read(repository, columns["lists"]).to_pylist()
    assert found[ROWS // 2] == [ROWS // 2, 7]
    assert found[ROWS] == [1, pytest.approx(math.nan, nan_ok=True)]
    assert found[-2:] == [[], None]
    assert read(repository, columns["large"])[0].as_py() == [(1 << 60) + 1, None]


@pytest.mark.parametrize(
    ("text", "dtype", "values"),
    [
        ('{"a":18446744073709551615}\n{"a":1}', "uint64", [(1 << 64) - 1, 1]),
        ('{"a":18446744073709551615}\n{}', "arrow[uint64]", [(1 << 64) - 1, None]),
        ('[{"a":18446744073709551616},{"a":-1}]', "arrow[string]", ["18446744073709551616", "-1"]),
    ],
)
def test_large_integers_in_json_are_kept(
    ingest: FileIngest, repository: DataRepository, text: str, dtype: str, values: list[Any]
) -> None:
    column = upload(ingest, "json", text.encode())["a"]
    assert (column.dtype, read(repository, column).to_pylist()) == (dtype, values)


@pytest.mark.parametrize("text", ['[{"a":1,"a":2}]', '{"b":{"a":1,"a":2}}\n{"b":null}'])
def test_names_that_occur_twice_in_json_are_rejected(ingest: FileIngest, text: str) -> None:
    with pytest.raises(Invalid, match="'a' twice"):
        upload(ingest, "json", text.encode())
