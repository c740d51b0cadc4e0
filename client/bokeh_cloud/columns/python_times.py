"""Lists of Python's, NumPy's and pandas' dates, times and durations as arrays."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import numpy as np

from bokeh_cloud.columns.item_kinds import is_missing
from bokeh_cloud.columns.plain_values import PlainValues
from bokeh_cloud.columns.timezone_names import zone_name
from bokeh_cloud.errors import CloudError

NAT = np.datetime64("NaT")


def read_datetimes(name: str, items: Sequence[Any]) -> PlainValues:
    """Return points in time; those with a time zone in UTC, and of a period its start.

    A date among them is its midnight. If the times have several time tzinfos, that of the column is UTC.

    Raises:
        CloudError: some have a time zone and some have none, or their unit cannot hold all of them.
    """
    tzinfos = [item.tzinfo for item in items if getattr(item, "tzinfo", None) is not None]
    times = _array(name, [NAT if is_missing(item) else _to_datetime64(item) for item in items])
    if not tzinfos:
        return PlainValues(times)
    if len(tzinfos) < sum(not is_missing(item) for item in items):
        raise CloudError(
            f"Column {name!r} mixes times with and without a time zone: give all of them one, or none."
        )
    return PlainValues(times, _common_zone(tzinfos, times))


def read_dates(name: str, items: Sequence[Any]) -> PlainValues:  # noqa: ARG001 - as other readers
    """Return dates as datetime64[D]."""
    return PlainValues(np.array([NAT if is_missing(item) else item for item in items], "M8[D]"))


def read_times_of_day(name: str, items: Sequence[Any]) -> PlainValues:
    """Return times of day as the durations since midnight, as Bokeh does.

    Raises:
        CloudError: one has a time zone.
    """
    if any(getattr(item, "tzinfo", None) is not None for item in items):
        raise CloudError(
            f"Column {name!r} has times of day with a time zone, which depends on the day: combine them with "
            "a date, or use replace(tzinfo=None)."
        )
    return PlainValues(
        np.array(["NaT" if is_missing(item) else _microseconds(item) for item in items], "m8[us]")
    )


def read_durations(name: str, items: Sequence[Any]) -> PlainValues:
    """Return durations as timedelta64."""
    missing = np.timedelta64("NaT")
    return PlainValues(
        _array(name, [missing if is_missing(item) else _to_timedelta64(item) for item in items])
    )


def _array(name: str, items: list[Any]) -> Any:
    """Return NumPy's times as an array, whose unit is the finest one of them."""
    array = np.array(items)
    unit = np.datetime_data(array.dtype)[0]
    if unit == "generic":
        return array.astype(f"{array.dtype.kind}8[us]")
    for item in items:
        if not np.isnat(item) and item.astype(array.dtype).astype(item.dtype) != item:
            raise CloudError(
                f"Column {name!r} has {item}, which is out of the range of the unit {unit} of other values: "
                "convert all of its values to one unit, such as astype('datetime64[us]')."
            )
    return array


def _to_datetime64(item: Any) -> Any:
    """Return a point in time in UTC, or without a time zone."""
    if isinstance(item, np.datetime64):
        return item
    if hasattr(item, "to_timestamp"):  # a period
        return item.to_timestamp().to_datetime64()
    if hasattr(item, "to_datetime64"):  # of pandas, which may have nanoseconds
        return item.to_datetime64()
    if isinstance(item, datetime):
        naive = item.astimezone(UTC).replace(tzinfo=None) if item.tzinfo is not None else item
        return np.datetime64(naive, "us")
    return np.datetime64(item, "us" if not isinstance(item, date) else "D")


def _to_timedelta64(item: Any) -> Any:
    if isinstance(item, np.timedelta64):
        return item
    return item.to_timedelta64() if hasattr(item, "to_timedelta64") else np.timedelta64(item, "us")


def _microseconds(item: Any) -> int:
    return int(((item.hour * 60 + item.minute) * 60 + item.second) * 1_000_000 + item.microsecond)


def _common_zone(tzinfos: Sequence[tzinfo], times: Any) -> str:
    different = {id(zone): zone for zone in tzinfos}  # those of dateutil have no hash
    names = {zone_name(zone, times) for zone in different.values()}
    return names.pop() if len(names) == 1 else "UTC"
