"""Whatever frames and lists have in them is stored, and comes back, or is refused before anything is sent."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import pandas as pdst
from polars.testing.parametric import dataframes

import bokeh_cloud
from bokeh_cloud.data.sources import RemoteDataSource

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


@RUNS
@given(FRAMES)
def test_any_frame_of_pandas_comes_back(server: bokeh_cloud.Server, frame: pd.DataFrame) -> None:
    source = store(server, frame)
    if source is not None:
        back = source.refresh().to_pandas()
        for name in frame:
            assert same(back[name].tolist(), frame[name].tolist()), name


@RUNS
@given(dataframes(max_cols=3, max_size=4, allow_null=True))
def test_any_frame_of_polars_comes_back(server: bokeh_cloud.Server, frame: pl.DataFrame) -> None:
    source = store(server, frame)
    if source is not None:
        back = source.refresh().to_pandas()
        for name in frame.columns:
            expected = as_stored(frame[name])
            assert same(back[name].tolist(), expected), (name, frame[name].dtype)


def as_stored(values: pl.Series) -> list[Any]:
    if values.dtype == pl.Time:
        return pd.to_timedelta(values.to_physical().to_list()).tolist()
    if values.dtype in (pl.Datetime, pl.Date, pl.Duration):
        return values.to_pandas().tolist()
    if isinstance(values.dtype, pl.Decimal):
        return [None if value is None else float(value) for value in values]
    return values.to_list()


@RUNS
@given(LISTS)
def test_any_list_is_stored_or_refused(server: bokeh_cloud.Server, values: list[Any]) -> None:
    source = store(server, {"a": values})
    if source is not None:
        assert len(source.refresh().data["a"]) == len(values)
