"""Encoding and decoding of values of users."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.tz  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from bokeh_cloud.columns.chunked_column import ChunkedColumn
from bokeh_cloud.columns.values import (
    array_from_bytes,
    encode_column,
    encode_rows,
    read_values,
    time_zone_of,
    unpack_values,
)
from bokeh_cloud.errors import CloudError


def id_of(value: object) -> str:
    """Return the id of a parameter, the same in all processes: without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


FIXED = [
    np.array([True, False]),
    np.arange(3, dtype=">i4"),
    np.array([2**62, -1]),
    np.arange(3, dtype="f2"),
    np.array([1.5, np.nan]),
    np.array([1 + 2j]),
    np.array(["2026-01-01", "NaT"], dtype="M8[D]"),
    np.array([1, 2], dtype="m8[ns]"),
    np.arange(24.0).reshape(2, 3, 4).transpose(),
    np.arange(10)[::2],
    [1, 2, 3],
]


@pytest.mark.parametrize("values", FIXED, ids=id_of)
def test_arrays_round_trip(values: Any) -> None:
    encoded = encode_column("x", values)
    assert isinstance(encoded, ChunkedColumn)
    data = b"".join(bytes(chunk.data) for chunk in encoded.chunks)
    back = array_from_bytes(encoded.dtype, encoded.shape, data)
    np.testing.assert_array_equal(back, np.asarray(values))
    assert back.dtype == np.asarray(values).dtype.newbyteorder("<")


def decoded(values: Any) -> tuple[str, Any]:
    """Return the dtype of a column, and its values as Python's objects."""
    encoded = encode_column("x", values)
    if isinstance(encoded, ChunkedColumn):
        data = b"".join(bytes(chunk.data) for chunk in encoded.chunks)
        if encoded.dtype == "packed":
            return encoded.dtype, unpack_values(data)
        return encoded.dtype, array_from_bytes(encoded.dtype, encoded.shape, data).tolist()
    return (encoded["dtype"], encoded["values"]) if isinstance(encoded, dict) else ("", encoded)


TEXT, TRUTH, ZURICH = "arrow[string]", "arrow[bool]", "datetime64[us, Europe/Zurich]"
NAN = {"type": "number", "value": "nan"}
DAY, PLUS_2 = datetime(2026, 7, 1), timezone(timedelta(hours=2), "CEST")
INSTANT = DAY - timedelta(hours=2)
NULL_KINDS = {
    "pandas": lambda items, kind: pd.Series(
        items, dtype={"i": "Int64", "f": "Float64", "b": "boolean"}[kind]
    ),
    "pandas with pyarrow": lambda items, kind: pd.Series(
        items, dtype={"i": "int64[pyarrow]", "f": "double[pyarrow]", "b": "bool[pyarrow]"}[kind]
    ),
    "extension arrays": lambda items, kind: pd.array(
        items, dtype={"i": "int64[pyarrow]", "f": "double[pyarrow]", "b": "bool[pyarrow]"}[kind]
    ),
    "polars": lambda items, kind: pl.Series(items),
    "pyarrow": lambda items, kind: pa.array(items),
    "chunks of pyarrow": lambda items, kind: pa.chunked_array([items[:1], items[1:]]),
    "objects": lambda items, kind: np.array(items, dtype=object),
    "masked": lambda items, kind: np.ma.array(
        [items[0] if i is None else i for i in items], mask=[i is None for i in items]
    ),
    "NA in a list": lambda items, kind: [pd.NA if item is None else item for item in items],
    "list": lambda items, kind: items,
}


@pytest.mark.parametrize("give", NULL_KINDS.values(), ids=NULL_KINDS)
def test_a_missing_number_is_nan(give: Any) -> None:
    for first, kind in ((1, "i"), (1.5, "f")):
        dtype, values = decoded(give([first, None, first], kind))
        assert (dtype, repr(values)) == ("float64", repr([float(first), float("nan"), float(first)]))
    assert decoded(give([2**60 + 1, None], "i")) == ("arrow[int64]", [2**60 + 1, None])
    assert decoded(give([True, None, False], "b")) == (TRUTH, [True, None, False])
    assert decoded(give([1, 2], "i")) == ("int64", [1, 2])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None, "ü"], (TEXT, ["a", None, "ü"])),
        (["a", float("nan"), pd.NA], (TEXT, ["a", None, None])),
        (np.array(["a", "b"]), (TEXT, ["a", "b"])),
        (pd.Series(["a", None]), (TEXT, ["a", None])),
        (pd.Series([], dtype="string"), (TEXT, [])),
        (pd.Series([None], dtype="string"), (TEXT, [None])),
        (pd.Series(["a", "b", None], dtype="category"), (TEXT, ["a", "b", None])),
        (pd.Series([1, 2], dtype="category"), ("int64", [1, 2])),
        (pl.Series(["a", None], dtype=pl.Categorical), (TEXT, ["a", None])),
        (pa.array(["a", None]).dictionary_encode(), (TEXT, ["a", None])),
        ([], ("", [])),
        ([None, None], ("", [None, None])),
        ([1, np.inf, Decimal("0.1")], ("float64", [1.0, np.inf, 0.1])),
        (np.array([1, np.inf], dtype=object), ("float64", [1.0, np.inf])),
        (pa.array([Decimal("1.50")]), ("float64", [1.5])),
        ([2**64 - 1, 1], ("uint64", [2**64 - 1, 1])),
        ([np.float32(0.1)], ("float32", [np.float32(0.1)])),
        (range(3), ("int64", [0, 1, 2])),
        ((1, 2), ("int64", [1, 2])),
        ([[1, 2], [3, 4]], ("int64", [[1, 2], [3, 4]])),
        ([[1, 2], [3]], ("", [[1, 2], [3]])),
        ([[1.5, None], [np.inf]], ("", [[1.5, NAN], [{"type": "number", "value": "+inf"}]])),
        ([[DAY], [DAY, None]], ("", [[1782864000000.0], [1782864000000.0, NAN]])),
        ([["a", "b"], ["c", "d"]], ("", [["a", "b"], ["c", "d"]])),
        ([1, "a", None, True], ("packed", [1, "a", None, True])),
        ([("a", 1), ("b", 2)], ("packed", [["a", 1], ["b", 2]])),
        ([[1], [[2]]], ("packed", [[1], [[2]]])),
        ([DAY, None], ("datetime64[us]", [DAY, None])),
        ([pd.Timestamp(DAY), pd.NaT], ("datetime64[us]", [DAY, None])),
        ([pd.Timestamp("2026-07-01T00:00:00.000000001")], ("datetime64[ns]", [1782864000000000001])),
        ([date(2026, 7, 1), None], ("datetime64[D]", [date(2026, 7, 1), None])),
        ([date(2026, 7, 1), DAY], ("datetime64[us]", [DAY, DAY])),
        ([time(1, 2), None], ("timedelta64[us]", [timedelta(hours=1, minutes=2), None])),
        (pl.Series([time(1, 2)]), ("timedelta64[ns]", [3_720_000_000_000])),
        (pa.array([time(1, 2)], pa.time32("s")), ("timedelta64[s]", [timedelta(hours=1, minutes=2)])),
        ([timedelta(1), None], ("timedelta64[us]", [timedelta(1), None])),
        ([pd.Period("2026-07"), pd.NaT], ("datetime64[us]", [DAY, None])),
        (pd.Series(pd.period_range("2026-07", periods=1, freq="M")), ("datetime64[us]", [DAY])),
        (np.array(["2026-07-01"], "M8[25D]").astype("M8[25D]"), None),
    ],
    ids=id_of,
)
def test_lists_as_bokeh_takes_them(values: Any, expected: tuple[str, Any] | None) -> None:
    dtype, found = decoded(values)
    if expected is None:
        assert dtype == "datetime64[D]"
    else:
        assert (dtype, found) == expected


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (ZoneInfo("Europe/Zurich"), "Europe/Zurich"),
        (dateutil.tz.gettz("Europe/Zurich"), "Europe/Zurich"),
        (PLUS_2, "+02:00"),
        (timezone(timedelta(hours=2), "EET"), "+02:00"),
        (timezone(-timedelta(hours=9, minutes=30)), "-09:30"),
        (dateutil.tz.tzoffset("X", 7200), "+02:00"),
        (timezone(timedelta(seconds=3601)), "UTC"),
        (UTC, "UTC"),
        (ZoneInfo("Etc/GMT+5"), "Etc/GMT+5"),
    ],
    ids=id_of,
)
def test_the_instant_of_a_time_zone_is_right(zone: tzinfo, name: str) -> None:
    aware = DAY.replace(tzinfo=zone)
    instant = aware.astimezone(UTC).replace(tzinfo=None)
    for values in ([aware, None], pd.Series([pd.Timestamp(aware), None]), pd.DatetimeIndex([aware, None])):
        dtype, found = decoded(values)
        assert (dtype, found) == (f"datetime64[us, {name}]", [instant, None])


def test_a_zone_without_an_iana_name_is_utc() -> None:
    assert decoded(pa.array([0], pa.timestamp("ms", "CEST")))[0] == "datetime64[ms, UTC]"
    assert decoded(pl.Series([DAY]).dt.replace_time_zone("Europe/Zurich")) == (ZURICH, [INSTANT])
    several = [DAY.replace(tzinfo=ZoneInfo("Europe/Zurich")), INSTANT.replace(tzinfo=UTC)]
    assert decoded(several) == ("datetime64[us, UTC]", [INSTANT, INSTANT])


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (5, r"'x' is '5' \(int\), not a list or an array: for one row write \[value\]"),
        (None, "not a list"),
        ("abc", "not a list"),
        (np.float64(1), "not a list"),
        ((i for i in range(2)), "not a list"),
        (pd.DataFrame({"a": [1]}), "is a data frame"),
        ([object()], "'x' holds object, which cannot be stored"),
        ([b"bytes"], "holds bytes"),
        ([{"a": 1}], "holds dict"),
        (pd.Series([pd.Interval(0, 1)]), "holds Interval"),
        (np.array([(1, 2)], "i4,i4"), "cannot be stored"),
        ([2**64], "more than 64 bits"),
        ([2**53 + 1, 0.5], "9007199254740993, which a float would round"),
        ([Decimal("0.12345678901234567890")], "a float would round"),
        ([DAY, DAY.replace(tzinfo=UTC)], "with and without a time zone"),
        ([DAY, "text"], "mixes datetime, str"),
        ([time(1, tzinfo=UTC)], "depends on the day"),
        (["\ud800"], "not valid Unicode"),
        ([np.datetime64("0001", "us"), np.datetime64("2026", "ns")], "out of the range of the unit ns"),
    ],
    ids=id_of,
)
def test_what_cannot_be_stored_is_refused(values: Any, match: str) -> None:
    for encode in (encode_column, encode_rows):
        with pytest.raises(CloudError, match=f"Column 'x'.*{match}|Column {match}"):
            encode("x", values)


def test_rows_of_several_types_are_not_appended() -> None:
    with pytest.raises(CloudError, match="several types"):
        encode_rows("x", [1, "a"])


def test_arrays_of_an_image_keep_their_dtype() -> None:
    assert decoded([np.zeros((2, 2), "f4")] * 2)[0] == "float32"
    assert decoded([np.zeros(1, "f4"), np.zeros(2, "f4")]) == ("", [[0.0], [0.0, 0.0]])


def test_masked_values_are_not_sent() -> None:
    mask = [False, True, False]
    floats = read_values("x", np.ma.array([1.0, 2.0, 3.0], mask=mask)).values
    assert np.isnan(floats).tolist() == mask
    times = read_values("x", np.ma.array(np.array(["2026", "2027", "2028"], "M8[D]"), mask=mask)).values
    assert np.isnat(times).tolist() == mask
    assert read_values("x", np.ma.array([1, 2])).values.dtype == np.int64


def test_the_time_zone_of_a_dtype() -> None:
    assert time_zone_of(ZURICH) == "Europe/Zurich"
    assert time_zone_of("datetime64[us]") is None
