"""Structs, maps, bytes and exact decimals, whose types Arrow has: from frames, tables and files alike."""

import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import bokeh_cloud
from bokeh_cloud.columns import chunked_column

NOW = datetime(2026, 7, 1, 12, 30, 15, 123456)
FIELDS = {
    "a, b": pa.binary(), "d": pa.date32(), "n": pa.decimal128(25, 1), "t": pa.duration("us"),
    "f": pa.float64(),
}  # fmt: skip
RECORD = {
    "a, b": b"\xff", "d": date(2026, 7, 1), "n": Decimal("12345678901234567890.5"), "t": timedelta(1, 1),
    "f": 0.5,
}  # fmt: skip
TYPED: dict[str, Any] = {
    "polars": pl.Series([RECORD, None, dict.fromkeys(RECORD)]),
    "pyarrow": pa.array([RECORD, None, dict.fromkeys(RECORD)], pa.struct(FIELDS.items())),
    "pandas": pd.Series([RECORD, None, RECORD], dtype=pd.ArrowDtype(pa.struct(FIELDS.items()))),
    "lists": pa.chunked_array([[[RECORD], None], [[None, RECORD]]]),
    "maps": pa.array([[("k", b"v")], None, []], pa.map_(pa.string(), pa.binary())),
    "bytes": pa.array([b"\xff", None, b""]),
    "views": pa.array([[b"\xff", b"a long value of bytes"], None, []], pa.list_(pa.binary_view())),
    "decimals": pa.array([RECORD["n"], None, Decimal(-1)]),
    "categories": pa.StructArray.from_arrays([pa.array(["x", None, "x"]).dictionary_encode()], ["c"]),
}


@pytest.mark.parametrize("name", TYPED)
def test_frames_and_files_keep_types(
    server: bokeh_cloud.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(chunked_column, "MAX_ARROW_ROWS", 2)
    values = TYPED[name]
    expected = values.to_list() if hasattr(values, "to_list") else values.to_pylist()
    table = pa.table({"a": values.to_arrow() if name == "polars" else values, "i": range(3)})
    pq.write_table(table, tmp_path / "typed.parquet")
    for source in (server.DataSource(a=values, i=range(3)).refresh(), server.put(tmp_path / "typed.parquet")):
        assert [plain(one) for one in source.to_pandas()["a"]] == [plain(one) for one in expected]
        assert source.rows("i", "a", rows="1:", where="i < 2")["a"].tolist() == [plain(expected[1])]
        assert source.rows("a", limit=1)["a"].tolist() == [plain(expected[0])]
        assert source.to_arrow(["a"])["a"].to_pylist() == table["a"].to_pylist()


def plain(value: Any) -> Any:
    return None if value is pd.NA or value is None else value


def test_columns_without_rows_keep_their_types(server: bokeh_cloud.Server) -> None:
    source = server.DataSource(a=pa.array([], pa.struct(FIELDS.items()))).refresh()
    assert source.to_arrow()["a"].type == pa.struct(FIELDS.items())
    assert len(source.to_pandas()) == 0


def test_times_that_python_does_not_have(server: bokeh_cloud.Server) -> None:
    kind = pa.struct({"t": pa.time64("ns"), "d": pa.date32()}.items())
    values = pa.StructArray.from_arrays(
        [pa.array([1], pa.time64("ns")), pa.array([4_000_000], pa.date32())], fields=kind
    )
    [found] = server.DataSource(a=values).refresh().to_pandas()["a"]
    assert found == {"t": np.timedelta64(1, "ns"), "d": np.datetime64(4_000_000, "D")}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([b"x"], "holds bytes, which have no type as Python's objects: pass pyarrow.array"),
        ([{"x": 1}], "holds dict, which have no type"),
        (pa.array([{}]), "its fields need different names"),
        (
            pa.array([[np.datetime64("2026-07-01T00:00:00.000000001")]]),
            "would be rounded: convert them to micro",
        ),
        (pl.Series([{"x": 1}], dtype=pl.Struct({"x": pl.Int128})), "Column 'a' holds Struct"),
    ],
)
def test_other_values_are_refused(server: bokeh_cloud.Server, values: Any, message: str) -> None:
    with pytest.raises(bokeh_cloud.CloudError, match=message):
        server.DataSource(a=values)


def test_single_values_are_changed_by_files_or_update_only(
    server: bokeh_cloud.Server, tmp_path: Path
) -> None:
    source = server.DataSource("typed rows", a=TYPED["bytes"])
    with pytest.raises(bokeh_cloud.CloudError, match=r"single values cannot be changed: .* update\(\)"):
        source.patch({"a": [(0, b"new")]})
    with pytest.raises(bokeh_cloud.CloudError, match=r"as a file only: .* append=True"):
        source.stream(a=pa.array([b"new"]))
    pq.write_table(pa.table({"a": [b"new"]}), tmp_path / "rows.parquet")
    source = server.put(tmp_path / "rows.parquet", "typed rows", append=True)
    assert source.to_pandas()["a"].tolist() == [b"\xff", None, b"", b"new"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pl.DataFrame({"x": [1], "wide": pl.Series([2], dtype=pl.Int128)}),
            "'wide' holds integers of more than 64",
        ),
        (
            pl.DataFrame({"fields": pl.Series([{"x": 2}], dtype=pl.Struct({"x": pl.UInt128}))}),
            "'fields' holds int",
        ),
        (pl.DataFrame({"t": pl.Series([[1]], dtype=pl.List(pl.Duration("ns")))}), "OK"),
        (
            pl.DataFrame({"t": pl.Series([[10**18 + 1]], dtype=pl.List(pl.Datetime("ns")))}),
            "'t': it holds lists of",
        ),
    ],
)
def test_files_with_other_values_are_refused(
    server: bokeh_cloud.Server, tmp_path: Path, frame: pl.DataFrame, message: str
) -> None:
    frame.write_parquet(tmp_path / "other.parquet")
    frame.write_ipc(tmp_path / "other.arrow")
    frame.write_ipc_stream(tmp_path / "stream.arrow")
    for name in ("other.parquet", "other.arrow", "stream.arrow"):
        if message == "OK":
            assert server.put(tmp_path / name).to_pandas()["t"].tolist() == [[1e-6]]
            continue
        with pytest.raises(bokeh_cloud.CloudError, match=message):
            server.put(tmp_path / name)


def test_lists_of_times_and_decimals_are_numbers(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    frame = pl.DataFrame({
        "time": [[NOW, None], None], "day": [[NOW.date()], []], "wait": [[timedelta(1, 0, 1)], []],
        "clock": [[NOW.time()], []], "digits": [[Decimal("1.5")], [None]],
    })  # fmt: skip
    frame.write_parquet(tmp_path / "lists.parquet")
    stored = server.DataSource(frame).refresh().to_pandas()
    np.testing.assert_equal(server.put(tmp_path / "lists.parquet").to_pandas().to_dict(), stored.to_dict())
    assert stored["wait"].tolist() == [[86_400_000.001], []]


def test_pyarrow_is_named_if_it_is_missing(
    server: bokeh_cloud.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = server.DataSource(a=TYPED["bytes"], i=range(3))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert source.refresh().rows("i")["i"].tolist() == [0, 1, 2]
    with pytest.raises(
        bokeh_cloud.CloudError, match="Column 'a' holds binary, which needs: pip install pyarrow"
    ):
        source.to_pandas()


def test_rows_of_times_in_two_dimensions(server: bokeh_cloud.Server, tmp_path: Path) -> None:
    times = np.array([["2026-07-01", "NaT"], ["2026-07-02", "2026-07-03"]], "M8[ms]")
    source = server.DataSource(t=times, d=times - times[0, 0], **{"": [1, 2]}).refresh()
    np.testing.assert_equal(
        source.rows("t", "d", rows=":1"), {"t": times[:1], "d": (times - times[0, 0])[:1]}
    )
    assert source.rows("", where='"" > 1')[""].tolist() == [2]
    (tmp_path / "times.json").write_bytes(source.answer("json", []).content)
    pq.write_table(source.to_arrow(), tmp_path / "times.parquet")
    for name in ("times.json", "times.parquet"):
        assert server.put(tmp_path / name).to_arrow().equals(source.to_arrow())
    assert server.DataSource(source.to_arrow()).refresh().to_arrow().equals(source.to_arrow())
