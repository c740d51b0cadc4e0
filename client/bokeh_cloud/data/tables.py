"""Tables of users as columns by name: frames of pandas and polars, tables of pyarrow, and so on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bokeh.models import ColumnDataSource

from bokeh_cloud.errors import CloudError


def is_table(data: Any) -> bool:
    """Return whether data are columns by name, rather than the values of one column."""
    if isinstance(data, (Mapping, ColumnDataSource)):
        return True
    is_structured = getattr(getattr(data, "dtype", None), "names", None) is not None
    return is_structured or hasattr(data, "columns") or hasattr(data, "data_vars")


def columns_of(data: Any) -> dict[str, Any]:
    """Return the columns of a table by name.

    The index of a pandas frame is a column as in Bokeh's `ColumnDataSource(df)`: with its name, the names of
    its levels joined by `_`, or `index`. A dataset of xarray becomes the frame of `to_dataframe()`, with its
    coordinates as columns.

    Args:
        data: a frame or series of pandas, a frame of polars, a table of pyarrow, a dataset of xarray, a
            structured array, a `ColumnDataSource`, or a mapping.

    Raises:
        CloudError: it is none of these, or two of its columns have one name.
    """
    if isinstance(data, ColumnDataSource):
        data = data.data
    if hasattr(data, "data_vars"):  # xarray, whose datasets are mappings without their coordinates
        return _by_name(data.to_dataframe().reset_index().items())
    if isinstance(data, Mapping):
        return _by_name(data.items())
    if getattr(getattr(data, "dtype", None), "names", None) is not None:
        return _by_name((name, data[name]) for name in data.dtype.names)
    if _is_pandas(data):
        return _from_pandas(data)
    if hasattr(data, "iter_columns"):  # polars
        return _by_name(zip(data.columns, data.iter_columns(), strict=True))
    if hasattr(data, "itercolumns"):  # pyarrow
        return _by_name(zip(data.schema.names, data.itercolumns(), strict=True))
    raise CloudError(
        f"{type(data).__name__} is not a table: pass a data frame, a dictionary, or columns by name."
    )


def rows_of(data: Any, known: Iterable[str]) -> dict[str, Any]:
    """Return rows to append by column; see `columns_of`.

    A series of pandas is one row. The default index of a frame is left out if there is no column for it.

    Args:
        data: the rows; None for none.
        known: names of the columns of the source.
    """
    if data is None:
        return {}
    if _is_pandas(data) and not hasattr(data, "columns"):
        data = data.to_frame().T.infer_objects()
        return _by_name(data.items())
    columns = columns_of(data)
    if _is_pandas(data) and type(data.index).__name__ == "RangeIndex" and data.index.name is None:
        name = next(iter(columns))
        if name not in set(known):
            del columns[name]
    return columns


def require_equal_lengths(lengths: Mapping[str, int]) -> None:
    """Raise CloudError unless all columns have the same number of rows."""
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise CloudError(f"The columns must have the same number of rows: {listed}.")


def _is_pandas(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "pandas"


def _from_pandas(frame: Any) -> dict[str, Any]:
    if not hasattr(frame, "columns"):  # a series
        frame = frame.to_frame()
    index = frame.index
    names = [_join(name) for name in frame.columns]
    index_name = _index_name(index, names)
    columns = [(name, frame.iloc[:, i]) for i, name in enumerate(names)]
    values = index.tolist() if index.nlevels > 1 else index
    return _by_name([(index_name, values), *columns])


def _index_name(index: Any, names: Sequence[str]) -> str:
    """Return the name of the column for an index, as Bokeh and pandas choose it."""
    if index.nlevels > 1 and all(name is not None for name in index.names):
        return "_".join(map(str, index.names))
    if index.name is not None:
        return str(index.name)
    return "level_0" if "index" in names else "index"


def _join(name: Any) -> str:
    """Return the name of a column; those of several levels are joined as Bokeh does it."""
    return "_".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _by_name(columns: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    originals: dict[str, Any] = {}
    for original, values in columns:
        name = _join(original)
        if name in found:
            both = f"{originals[name]!r} and {original!r}"
            raise CloudError(
                f"There are two columns named {name!r} ({both}): rename one, a name may not occur twice."
            )
        found[name], originals[name] = values, original
    return found
