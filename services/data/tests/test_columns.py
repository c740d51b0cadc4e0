"""Columns and their manifests."""

from typing import Any

import pytest
from blake3 import blake3

from bokeh_common.errors import Invalid
from bokeh_data.columns import check_hash, parse_column, read_column, write_column
from bokeh_data.dtypes import item_bytes

A, B = "a" * 64, "b" * 64


def spec(**changes: Any) -> dict[str, Any]:
    return {
        "dtype": "float64",
        "shape": [3],
        "chunks": [{"hash": A, "size": 16}, {"hash": B, "size": 8}],
        **changes,
    }


def test_hash_is_that_of_the_documented_manifest() -> None:
    manifest = (
        f'{{"chunks":[{{"hash":"{A}","size":16}},{{"hash":"{B}","size":8}}],"dtype":"float64","shape":[3]}}'
    ).encode()
    column = parse_column("x", spec())
    assert column.manifest == manifest
    assert column.hash == blake3(manifest).hexdigest()


def test_manifest_round_trip() -> None:
    column = parse_column("x", spec())
    assert read_column(write_column(column)) == column


DTYPES = [
    "bool", "int8", "uint16", "int32", "float16", "float64", "complex64", "complex128", "packed",
    "datetime64[ns]", "datetime64[us, Europe/Berlin]", "timedelta64[D]",
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes(dtype: str) -> None:
    size = 6 * item_bytes(dtype)
    column = parse_column("x", {"dtype": dtype, "shape": [2, 3], "chunks": [{"hash": A, "size": size}]})
    assert (column.length, column.size) == (2, size)


@pytest.mark.parametrize(
    ("shape", "size", "length"), [([], 8, 1), ([0], 0, 0), ([0, 5], 0, 0), ([1, 0], 0, 1)]
)
def test_borders_of_shapes(shape: list[int], size: int, length: int) -> None:
    chunks = [{"hash": A, "size": size}] if size else []
    column = parse_column("x", spec(shape=shape, chunks=chunks))
    assert (column.size, column.length) == (size, length)


@pytest.mark.parametrize(
    "wrong",
    [
        spec(dtype="float128"),
        spec(dtype="arrow[string]"),
        spec(dtype="datetime64[x]"),
        spec(dtype="timedelta64[s, UTC]"),
        spec(chunks=[{"hash": A, "size": 12}, {"hash": B, "size": 12}]),
        spec(dtype=["float64"]),
        spec(dtype=None),
        spec(shape=[4]),
        spec(shape=[-3]),
        spec(shape=[3.0]),
        spec(shape=[True]),
        spec(shape="3"),
        spec(shape=[1] * 33),
        spec(shape=[1 << 62, 1 << 62]),
        spec(chunks=[]),
        spec(chunks=[{"hash": A}]),
        spec(chunks=[{"hash": "A" * 64, "size": 24}]),
        spec(chunks=[{"hash": "../../etc/passwd", "size": 24}]),
        spec(chunks={"hash": A}),
        {},
        None,
        [],
        "x",
    ],
)
def test_wrong_columns_are_refused(wrong: Any) -> None:
    with pytest.raises(Invalid):
        parse_column("x", wrong)


@pytest.mark.parametrize(
    "text", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n", None, 5, ["a"]]
)
def test_not_a_hash(text: Any) -> None:
    with pytest.raises(Invalid, match="hash"):
        check_hash(text)
