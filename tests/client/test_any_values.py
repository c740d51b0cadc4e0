"""Whatever frames and lists have in them is stored, and comes back, or is refused before anything is sent."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import pandas as pdst
from polars.testing.parametric import dataframes

import bokeh_cloud
from bokeh_cloud.columns.arrow_values import python_values
from bokeh_cloud.data.sources import RemoteDataSource
from tests.support.text_files import columns_of_csv, columns_of_lines, is_json, is_said_by

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
OBJECTS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.floats(), st.text(max_size=5),
    st.binary(max_size=3),
    st.decimals(), st.datetimes(), st.dates(), st.times(), st.timedeltas(),
    st.datetimes(timezones=st.timezones()), st.lists(st.floats(), max_size=2), st.complex_numbers(),
)  # fmt: skip
LISTS = OBJECTS.flatmap(lambda item: st.lists(st.sampled_from([item, None]), max_size=4)) | st.lists(
    OBJECTS, max_size=4
)
DTYPES = (
    "bool", "i1", "i8", "u8", "f2", "f4", "f8", "c16", "M8[ns]", "m8[ns]", "object",
)  # fmt: skip


def column(name: str, dtype: str) -> Any:
    elements = st.text(max_size=4) | st.none() if dtype == "object" else None
    return pdst.column(name, dtype=dtype, elements=elements)


COLUMNS = st.dictionaries(NAMES, st.sampled_from(DTYPES), min_size=1, max_size=3)
FRAMES = COLUMNS.flatmap(
    lambda dtypes: pdst.data_frames(
        [column(name, dtype) for name, dtype in dtypes.items()], index=pdst.range_indexes(max_size=4)
    )
)


def store(server: bokeh_cloud.Server, data: Any) -> RemoteDataSource | None:
    """Return the stored data; None if they were refused with the name of a column and advice."""
    try:
        return server.DataSource(data)
    except bokeh_cloud.CloudError as error:
        refusal = error
    assert type(refusal) is bokeh_cloud.CloudError, "it was refused before anything was sent"
    assert "olumn" in str(refusal)
    assert ":" in str(refusal)
    return None


def same(found: Any, given: Any) -> bool:
    """Return whether a value is the one that was given; a missing one is None, NaN or NaT."""
    if isinstance(given, (list, np.ndarray, pl.Series)):
        return len(found) == len(given) and all(map(same, found, given))
    if given is None or given is pd.NaT or given != given:
        return found is None or found is pd.NaT or found is pd.NA or bool(found != found)
    return bool(found == given) or repr(found) == repr(given)


RUNS = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
FEW_RUNS = settings(RUNS, max_examples=8)

#: Frames with columns of all types, and odd names.
TABLES = st.builds(
    lambda frame, names: frame.rename(dict(zip(frame.columns, names, strict=False))),
    dataframes(min_cols=1, max_cols=4, max_size=4, allow_null=True),
    st.lists(NAMES, min_size=4, max_size=4, unique=True),
)
SUFFIXES = {
    "parquet": "parquet", "ipc": "arrow", "feather": "feather", "csv": "csv", "ndjson": "ndjson",
    "json": "jsonl",
}  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {"csv": {"index": False}, "json": {"orient": "records", "lines": True}}
TEXT_FILES: dict[str, Any] = {
    ".csv": (columns_of_csv, is_said_by),
    ".ndjson": (columns_of_lines, is_json),
    ".jsonl": (columns_of_lines, is_json),
}
#: Types that polars does not write in a format.
UNWRITTEN = {"csv": re.compile("Binary|List|Array|Struct|Duration|Extension"), "ndjson": re.compile("Binary")}
NOTHING = re.compile("$^")


@RUNS
@given(FRAMES)
def test_any_frame_of_pandas_comes_back(server: bokeh_cloud.Server, frame: pd.DataFrame) -> None:
    source = store(server, frame)
    if source is not None:
        back = source.refresh().to_pandas()
        for name in frame:
            assert same(back[name].tolist(), frame[name].tolist()), name


@RUNS
@given(TABLES)
def test_any_frame_of_polars_comes_back(server: bokeh_cloud.Server, frame: pl.DataFrame) -> None:
    source = store(server, frame)
    if source is not None:
        back = source.refresh().to_pandas()
        for name in frame.columns:
            expected = as_stored(frame[name])
            assert same(back[name].tolist(), expected), (name, frame[name].dtype)


@FEW_RUNS
@given(TABLES)
def test_any_file_of_polars_comes_back(
    server: bokeh_cloud.Server, tmp_path: Path, frame: pl.DataFrame
) -> None:
    for form in ("parquet", "ipc", "csv", "ndjson"):
        written = write_polars(frame, tmp_path / "polars", form)
        check_file(server, tmp_path / f"polars.{SUFFIXES[form]}", written, as_stored)


@FEW_RUNS
@given(FRAMES)
def test_any_file_of_pandas_comes_back(
    server: bokeh_cloud.Server, tmp_path: Path, frame: pd.DataFrame
) -> None:
    for form in ("parquet", "feather", "csv", "json"):
        written = write_pandas(frame, tmp_path / "pandas", form)
        check_file(server, tmp_path / f"pandas.{SUFFIXES[form]}", written, pd.Series.tolist)


def check_file(
    server: bokeh_cloud.Server, path: Path, frame: Any, expected: Callable[[Any], list[Any]]
) -> None:
    """Store a file; unless it is refused, compare its columns with the frame that was written to it."""
    source = put(server, path)
    if source is None:
        return
    back = source.to_pandas()
    if path.suffix in TEXT_FILES:
        read, is_same = TEXT_FILES[path.suffix]
        for name, fields in read(path).items():
            assert all(map(is_same, fields, back[name].tolist())), (path.suffix, name, fields, back[name])
            assert len(back) == len(fields)
        return
    for name in frame.columns:
        assert same(back[name].tolist(), expected(frame[name])), (path.suffix, name, frame[name])


def put(server: bokeh_cloud.Server, path: Path) -> RemoteDataSource | None:
    """Return the stored file; None if it was refused with the name of a column and advice."""
    before = [(source.name, source.version) for source in server.data()]
    try:
        return server.put(path)
    except bokeh_cloud.CloudError as error:
        refusal = str(error)
    assert any(part in refusal for part in ("olumn", "save it in UTF-8", "is empty")), refusal
    assert [(source.name, source.version) for source in server.data()] == before
    return None


def write_polars(frame: pl.DataFrame, path: Path, form: str) -> pl.DataFrame:
    """Write those columns that polars can write; return them."""
    names = [
        name for name, kind in frame.schema.items() if not (UNWRITTEN.get(form) or NOTHING).search(str(kind))
    ]
    chosen = frame.select(names or pl.lit("x").alias("nothing"))
    getattr(chosen, f"write_{form}")(path.with_suffix(f".{SUFFIXES[form]}"))
    return chosen


def write_pandas(frame: pd.DataFrame, path: Path, form: str) -> pd.DataFrame:
    chosen = frame[[name for name in frame if form == "csv" or frame[name].dtype.kind != "c"]]
    chosen = chosen if len(chosen.columns) else pd.DataFrame({"nothing": ["x"]})
    getattr(chosen, f"to_{form}")(path.with_suffix(f".{SUFFIXES[form]}"), **OPTIONS.get(form, {}))
    return chosen


def as_stored(values: pl.Series) -> list[Any]:
    """Return values as the guide says that they are stored."""
    kind = innermost(values.dtype)
    if isinstance(kind, pl.Decimal):
        return as_decimals(values.to_list())
    if values.dtype == pl.Array and kind.is_temporal() and not has_missing_lists(values):
        return nested(python_values(values.to_arrow()).tolist(), since_midnight)
    if kind != values.dtype and kind.is_temporal():
        return nested(values.to_arrow().to_pylist(), as_milliseconds)
    if values.dtype == pl.Time:
        return pd.to_timedelta(values.to_physical().to_list()).tolist()
    if kind.is_temporal():
        return values.to_pandas().tolist()
    has_fields = isinstance(kind, (pl.Struct, pl.Binary))
    return python_values(values.to_arrow()).tolist() if has_fields else values.to_list()


def has_missing_lists(values: pl.Series) -> bool:
    """Return whether lists of the same length are no array, as some are missing, or hold others."""
    is_list = values.dtype in (pl.List, pl.Array)
    return is_list and (
        values.dtype == pl.List or values.null_count() > 0 or has_missing_lists(values.explode())
    )


def innermost(kind: Any) -> Any:
    return innermost(kind.inner) if kind in (pl.List, pl.Array) else kind


def as_decimals(items: list[Any]) -> list[Any]:
    """Return floats if they have the same digits as all decimals, else the decimals."""
    found: list[bool] = []
    nested(items, lambda one: found.append(Decimal(repr(float(one))) == one))
    return nested(items, lambda one: float(one) if all(found) else one)


def since_midnight(item: Any) -> Any:
    return datetime.combine(date.min, item) - datetime.min if isinstance(item, time) else item


def as_milliseconds(item: Any) -> float:
    item = since_midnight(item)
    if isinstance(item, timedelta):
        return pd.Timedelta(item) / pd.Timedelta("1ms")
    return float(np.datetime64(pd.Timestamp(item).tz_localize(None), "us").astype("i8") / 1000)


def nested(items: list[Any], convert: Callable[[Any], Any]) -> list[Any]:
    """Return lists of any depth with other items; missing ones stay."""
    return [
        nested(item, convert) if isinstance(item, list) else None if item is None else convert(item)
        for item in items
    ]


@RUNS
@given(LISTS)
def test_any_list_is_stored_or_refused(server: bokeh_cloud.Server, values: list[Any]) -> None:
    source = store(server, {"a": values})
    if source is not None:
        assert len(source.refresh().data["a"]) == len(values)
