"""Files that become data sources: what is in them, exactly."""

import io
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
from bokeh_data.columns import Column
from bokeh_data.columnstore import ColumnStore
from bokeh_data.files.spool import spooled
from bokeh_data.files.uploading import Bounds, Uploads
from bokeh_data.live import LiveSources, Rows
from bokeh_data.records import Records
from bokeh_data.values import from_arrow, to_arrow

ROWS = 100_000


@pytest.fixture
def uploads(records: Records) -> Uploads:
    return Uploads(records, Bounds(512 << 20, 1 << 30))


def stream(table: pa.Table, **how: Any) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**how)) as writer:
        writer.write_table(table, max_chunksize=30_000)
    return sink.getvalue()


def ipc_file(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=30_000)
    return sink.getvalue()


def parquet(table: pa.Table, **how: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **how)
    return sink.getvalue()


def upload(uploads: Uploads, form: str, data: bytes) -> dict[str, Column]:
    with spooled([data]) as file:
        return uploads.columns("ada", form, file)


def read(records: Records, column: Column) -> pa.ChunkedArray:
    parts = ColumnStore(records).rows(column, 0, column.length)
    return pa.chunked_array([to_arrow(values) for values in parts])


def table() -> pa.Table:
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
            "double with nulls": pa.array(np.where(np.arange(n) % 5 == 0, np.nan, 0.5), mask=some),
            "late null": pa.array(np.arange(n), mask=np.arange(n) == n - 1),
            "time": pa.array(np.arange(n), pa.timestamp("us", "Europe/Berlin")),
            "time with nulls": pa.array(np.arange(n), pa.timestamp("ns"), mask=some),
            "span": pa.array(np.arange(n), pa.duration("ms")),
            "day": pa.array(np.arange(n, dtype=np.int32), pa.date32()),
            "text": pa.array([None if i % 7 == 0 else f"ä{i}" for i in range(n)]),
            "category": pa.array([f"k{i % 5}" for i in range(n)]).dictionary_encode(),
            "list": pa.array([[i] * (i % 3) for i in range(n)], pa.list_(pa.int32())),
            "pair": pa.FixedSizeListArray.from_arrays(pa.array(rng.standard_normal(2 * n)), 2),
            "decimal": pa.array([Decimal(i % 9) for i in range(n)], pa.decimal128(5, 2)),
        }
    )


FORMS: dict[str, Callable[[pa.Table], bytes]] = {
    "arrow-stream": stream,
    "arrow-file": ipc_file,
    "parquet": lambda given: parquet(given, row_group_size=40_000),
}


@pytest.mark.parametrize("form", FORMS)
def test_types_and_values_stay(records: Records, uploads: Uploads, form: str) -> None:
    given = table()
    columns = upload(uploads, form, FORMS[form](given))
    assert list(columns) == given.column_names
    kinds = {name: column.dtype for name, column in columns.items()}
    assert kinds == {
        "float": "float64", "nan": "float64", "half": "float16", "int8": "int8", "uint64": "uint64",
        "bool": "bool", "int with nulls": "arrow[int64]", "double with nulls": "arrow[double]",
        "late null": "arrow[int64]", "time": "datetime64[us, Europe/Berlin]",
        "time with nulls": "datetime64[ns]", "span": "timedelta64[ms]", "day": "datetime64[D]",
        "text": "arrow[string]", "list": kinds["list"], "pair": "float64",
        "category": "arrow[dictionary<values=string, indices=int32, ordered=0>]",
        "decimal": "arrow[decimal128(5, 2)]",
    }  # fmt: skip
    assert columns["pair"].shape == (ROWS, 2)
    for name, column in columns.items():
        found = read(records, column)
        assert column.length == ROWS
        if name in ("nan", "double with nulls"):
            np.testing.assert_array_equal(np.asarray(found), np.asarray(given[name]))
            assert found.null_count == given[name].null_count
        else:
            assert found.cast(given[name].type).equals(given[name]), name


def test_a_column_has_the_name_that_it_has_when_it_is_published(records: Records, uploads: Uploads) -> None:
    values = np.random.default_rng(2).standard_normal(1_500_000)
    columns = upload(uploads, "arrow-stream", stream(pa.table({"x": values})))
    assert columns["x"].hash == ColumnStore(records).make("ada", from_arrow(pa.array(values))).hash


def test_floats_of_pandas_have_nan_where_they_had_it(uploads: Uploads, records: Records) -> None:
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
    columns = upload(uploads, "parquet", sink.getvalue())
    assert [column.dtype for column in columns.values()][:2] == ["float64", "arrow[double]"]
    assert columns["when"].dtype.endswith(", UTC]")
    assert columns["kind"].dtype == "arrow[dictionary<values=string, indices=int8, ordered=1>]"
    assert read(records, columns["kind"]).to_pylist() == ["b", None]


def test_types_of_csv_are_those_of_all_values(uploads: Uploads, records: Records) -> None:
    n = 300_000  # more than one block
    lines = [f'{i},{i},{i}.0,true,2026-01-01T00:00:{i % 60:02},,"a\n{i}"' for i in range(n)]
    lines[n - 1] = 'x,,nan,,2026-01-01T00:00:00.5,,"say ""hi"""'
    data = "\n".join(["text,int,float,bool,time,nothing,lines", *lines]).encode()
    columns = upload(uploads, "csv", data)
    assert {name: column.dtype for name, column in columns.items()} == {
        "text": "arrow[string]", "int": "arrow[int64]", "float": "float64", "bool": "arrow[bool]",
        "time": "datetime64[ms]", "nothing": "arrow[null]", "lines": "arrow[string]",
    }  # fmt: skip
    assert read(records, columns["lines"]).to_pylist()[-2:] == [f"a\n{n - 2}", 'say "hi"']
    assert np.isnan(read(records, columns["float"])[n - 1].as_py())
    assert read(records, columns["int"])[n - 1].as_py() is None
    assert columns["text"].length == n


def test_files_without_rows(uploads: Uploads) -> None:
    empty = table().slice(0, 0)
    for form, write in FORMS.items():
        columns = upload(uploads, form, write(empty))
        assert {column.length for column in columns.values()} == {0}
    assert upload(uploads, "csv", b"a,b\n")["a"].length == 0


def test_a_source_of_a_file_is_appended_to(uploads: Uploads, live: LiveSources) -> None:
    given = pa.table({"x": [1, 2], "text": ["a", None]})
    source = live.create("ada", {"name": "s", "columns": upload(uploads, "parquet", parquet(given))}, [])
    longer = live.append("ada", source.id, Rows({"x": [3], "text": ["c"]}, []))
    assert {column["length"] for column in longer.columns.values()} == {3}


def test_what_an_account_may_have_holds(records: Records, uploads: Uploads) -> None:
    records.bound("ada", 1 << 20)
    with pytest.raises(Forbidden):
        upload(uploads, "arrow-stream", stream(pa.table({"x": np.arange(1_000_000)})))


def test_how_much_is_unpacked_is_bounded(records: Records) -> None:
    zeros = parquet(pa.table({"x": np.zeros(4_000_000)}), compression="zstd")
    assert len(zeros) < 100_000
    with pytest.raises(TooLarge, match="more in the file"):
        upload(Uploads(records, Bounds(512 << 20, 20 << 20)), "parquet", zeros)


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["a", "a"], "Two of its columns"),
        ([""], "needs a name"),
        (["x" * 16_385], "needs a name"),
        ([], "no columns"),
    ],
)
def test_names(uploads: Uploads, names: list[str], match: str) -> None:
    given = pa.Table.from_arrays([pa.array([1])] * len(names), names)
    with pytest.raises(Invalid, match=match):
        upload(uploads, "arrow-stream", stream(given))
