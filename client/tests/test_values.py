"""What people hold, as the server stores it, and back."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from bokeh_cloud.columns import Column
from bokeh_cloud.errors import CloudError
from bokeh_cloud.values import array_of, fixed, leaf, stored, zone_of

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


@pytest.mark.parametrize("values", FIXED, ids=str)
def test_arrays_come_back_as_they_were(values: Any) -> None:
    made = stored("x", values)
    assert isinstance(made, Column)
    data = b"".join(bytes(chunk.data) for chunk in made.chunks)
    back = array_of(made.dtype, made.shape, data)
    np.testing.assert_array_equal(back, np.asarray(values))
    assert back.dtype == np.asarray(values).dtype.newbyteorder("<")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None, "ü"], ["a", None, "ü"]),
        (np.array(["a", "b"]), ["a", "b"]),
        ([[1], [2, 3]], [[1], [2, 3]]),
        ([1, None], [1, None]),
        (["a", float("nan")], ["a", None]),
        ([True, None, np.int64(5)], [True, None, 5]),
    ],
)
def test_other_values_become_lists(values: Any, expected: list[Any]) -> None:
    ragged = np.empty(len(values), dtype=object)
    ragged[:] = values
    assert stored("x", ragged) == expected
    assert leaf("x", ragged) == expected


def test_dates_and_times_of_python() -> None:
    days, times = stored("x", [date(2026, 1, 2)]), stored("x", [datetime(2026, 1, 2, 3)])
    assert isinstance(days, Column)
    assert isinstance(times, Column)
    assert (days.dtype, times.dtype) == ("datetime64[D]", "datetime64[us]")
    with pytest.raises(CloudError, match="Column 'x' holds datetime"):
        stored("x", [datetime(2026, 1, 2, tzinfo=UTC)])


def test_pandas_polars_and_pyarrow() -> None:
    pd, pl, pa = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    zoned = pd.Series(pd.date_range("2026-01-01", periods=2, tz="Europe/Zurich", unit="ns"))
    made = stored("x", zoned)
    assert isinstance(made, Column)
    assert made.dtype == "datetime64[ns, Europe/Zurich]"
    assert zone_of(made.dtype) == "Europe/Zurich"
    back = array_of(made.dtype, made.shape, bytes(made.chunks[0].data))
    assert back[0] == np.datetime64("2025-12-31T23:00", "ns")
    assert stored("x", pd.Series([1, None], dtype="Int64")) == [1, None]
    assert stored("x", pd.Series(["a", None])) == ["a", None]
    assert stored("x", pd.Series(["a", "b"], dtype="category")) == ["a", "b"]
    assert stored("x", pl.Series(["a", None])) == ["a", None]
    assert isinstance(stored("x", pl.Series([1.5, 2.5])), Column)
    assert stored("x", pa.array([1, None])) == [1, None]
    in_arrow = stored("x", pa.array([0], pa.timestamp("ms", "UTC")))
    assert isinstance(in_arrow, Column)
    assert in_arrow.dtype == "datetime64[ms, UTC]"


def test_what_cannot_be_stored_is_named() -> None:
    with pytest.raises(CloudError, match="Column 'things' holds object, which cannot be stored"):
        stored("things", [object()])


def test_masked_values_are_not_sent() -> None:
    mask = [False, True, False]
    floats, dtype = fixed(np.ma.array([1.0, 2.0, 3.0], mask=mask))
    assert (dtype, np.isnan(floats).tolist()) == ("float64", mask)
    times, _ = fixed(np.ma.array(np.array(["2026", "2027", "2028"], "M8[D]"), mask=mask))
    assert np.isnat(times).tolist() == mask
    assert stored("x", np.ma.array([1, 2, 3], mask=mask)) == [1, None, 3]
    assert fixed(np.ma.array([1, 2]))[1] == "int64"
