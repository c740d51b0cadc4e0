"""What columns hold, by their dtypes and by values."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bokeh_cloud.data.column_kinds import kind_of, kind_of_values, require_same_kind
from bokeh_cloud.errors import CloudError

KINDS = {
    "float64": "numbers",
    "uint8": "numbers",
    "arrow[int64]": "numbers",
    "arrow[decimal128(10, 2)]": "numbers",
    "complex64": "complex numbers",
    "bool": "booleans",
    "arrow[bool]": "booleans",
    "arrow[string]": "strings",
    "arrow[large_string]": "strings",
    "arrow[dictionary<values=string, indices=int32, ordered=0>]": "strings",
    "datetime64[ms]": "times without a time zone",
    "datetime64[us, Europe/Berlin]": "times with a time zone",
    "timedelta64[s]": "durations",
    "arrow[list<item: double>]": "lists",
    "arrow[struct<a: int64>]": "struct<a: int64>",
    "arrow[null]": "",
    "packed": "",
}


@pytest.mark.parametrize("dtype", KINDS)
def test_kinds_of_dtypes(dtype: str) -> None:
    assert kind_of(dtype) == KINDS[dtype]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, None], "numbers"),
        (np.arange(3, dtype="u1"), "numbers"),
        ([Decimal("1.5")], "numbers"),
        ([True, None], "booleans"),
        (["a", None], "strings"),
        (pd.Series(["a"], dtype="category"), "strings"),
        (pa.array(["a"]), "strings"),
        ([datetime(2027, 1, 1, tzinfo=UTC)], "times with a time zone"),
        (pd.date_range("2027-01-01", periods=2), "times without a time zone"),
        ([[1], [1, 2]], "lists"),
        ([1, "a"], ""),
        ([None], ""),
        ([], ""),
    ],
)
def test_kinds_of_values(values: Any, kind: str) -> None:
    assert kind_of_values("x", values) == kind


def test_values_of_another_kind_are_refused() -> None:
    require_same_kind("x", ["a"], {"dtype": "float64", "shape": [0]})  # NumPy's dtype of an empty list
    require_same_kind("x", [1.5], {"dtype": "complex64", "shape": [3]})
    require_same_kind("x", [], {"dtype": "float64", "shape": [3]})
    with pytest.raises(CloudError, match=r"'x' holds numbers; these are strings: convert them"):
        require_same_kind("x", ["a"], {"dtype": "float64", "shape": [1]})
