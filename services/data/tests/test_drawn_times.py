"""Conditions on times of published figures, which are stored as milliseconds."""

from dataclasses import replace

import numpy as np
import pytest

from bokeh_data.columns.drawn_times import bounds_in_units, from_milliseconds
from bokeh_data.columns.values import Values
from bokeh_data.conditions.parser import parse_conditions
from bokeh_data.queries.query import Query, run_query
from bokeh_data.storage.column_store import ColumnStore
from bokeh_data.storage.repository import DataRepository
from bokeh_data.windows.column_reader import ColumnReaders

ROWS = 20_000
DAY = 86_400_000.0

#: Milliseconds per row of columns by their types.
STEPS = {
    "datetime64[D]": DAY,
    "datetime64[s]": 1e3,
    "datetime64[ms, Europe/Zurich]": 1.0,
    "datetime64[us]": 0.001,
    "timedelta64[ms]": 1.0,
}


@pytest.mark.parametrize("kind", STEPS)
def test_only_blocks_that_may_match_are_read(
    repository: DataRepository, rows_read: list[int], kind: str
) -> None:
    start = 0.0 if kind.startswith("timedelta") else 1_700_000_000_000.0
    values = Values("float64", start - start % DAY + np.arange(ROWS) * STEPS[kind])
    column = replace(ColumnStore(repository).create("ada", values), drawn=kind)
    times = from_milliseconds(values, kind).array
    readers = ColumnReaders(repository, 64 << 20)
    for row in (0, 1, 511, 512, 10_000, ROWS - 1):
        number = times[row].view(np.int64)
        for op, expected in (("=", [row]), ("between", [row, row + 1]), ("<=", None)):
            rows_read.clear()
            then = times[min(row + 1, ROWS - 1)].view(np.int64)
            condition = f"t between {number} and {then}" if op == "between" else f"t {op} {number}"
            if len(str(number)) < 5:
                continue  # shorter numbers are years
            found = run_query(readers, {"t": column}, Query(("t",), where=parse_conditions([condition])))
            got = np.concatenate([batch["t"].array for batch in found.batches])
            rows = np.arange(row + 1) if expected is None else [one for one in expected if one < ROWS]
            assert got.tolist() == times[rows].tolist(), condition
            assert op == "<=" or sum(rows_read) <= 1024, condition


def test_bounds_in_units_contain_all_times_of_a_block() -> None:
    random = np.random.default_rng(0)
    for kind in STEPS:
        numbers = random.uniform(-9e15, 9e15, 10_000) * 10.0 ** -random.integers(0, 10, 10_000)
        units = from_milliseconds(Values("float64", numbers), kind).array.view(np.int64)
        low, high = bounds_in_units(numbers, numbers, kind)
        assert (low <= units).all()
        assert (high >= units).all()
