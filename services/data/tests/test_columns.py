"""Columns and their manifests."""

from typing import Any

import pytest
from blake3 import blake3

from bokeh_common.errors import Invalid
from bokeh_data.columns.dtypes import item_bytes
from bokeh_data.columns.manifest import check_hash, parse_column, read_column, write_column

A, B = "a" * 64, "b" * 64


def manifest(**changes: Any) -> dict[str, Any]:
    return {
        "dtype": "float64",
        "shape": [3],
        "chunks": [{"hash": A, "size": 16}, {"hash": B, "size": 8}],
        **changes,
    }


def test_the_hash_is_that_of_the_documented_manifest() -> None:
    documented = (
        f'{{"chunks":[{{"hash":"{A}","size":16}},{{"hash":"{B}","size":8}}],"dtype":"float64","shape":[3]}}'
    ).encode()
    column = parse_column("x", manifest())
    assert column.manifest == documented
    assert column.hash == blake3(documented).hexdigest()


def test_the_stored_form_is_read_back() -> None:
    column = parse_column("x", manifest())
    assert read_column(write_column(column)) == column


DTYPES = [
    "bool", "int8", "uint16", "int32", "float16", "float64", "complex64", "complex128", "packed",
    "datetime64[ns]", "datetime64[us, Europe/Berlin]", "timedelta64[D]",
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_length_and_size(dtype: str) -> None:
    size = 6 * item_bytes(dtype)
    column = parse_column("x", {"dtype": dtype, "shape": [2, 3], "chunks": [{"hash": A, "size": size}]})
    assert (column.length, column.size) == (2, size)


@pytest.mark.parametrize(
    ("shape", "size", "length"), [([], 8, 1), ([0], 0, 0), ([0, 5], 0, 0), ([1, 0], 0, 1)]
)
def test_shapes_without_rows_or_elements(shape: list[int], size: int, length: int) -> None:
    chunks = [{"hash": A, "size": size}] if size else []
    column = parse_column("x", manifest(shape=shape, chunks=chunks))
    assert (column.size, column.length) == (size, length)


@pytest.mark.parametrize(
    "wrong",
    [
        manifest(dtype="float128"),
        manifest(dtype="arrow[string]"),
        manifest(dtype="datetime64[x]"),
        manifest(dtype="timedelta64[s, UTC]"),
        manifest(chunks=[{"hash": A, "size": 12}, {"hash": B, "size": 12}]),
        manifest(dtype=["float64"]),
        manifest(dtype=None),
        manifest(shape=[4]),
        manifest(shape=[-3]),
        manifest(shape=[3.0]),
        manifest(shape=[True]),
        manifest(shape="3"),
        manifest(shape=[1] * 33),
        manifest(shape=[1 << 62, 1 << 62]),
        manifest(chunks=[]),
        manifest(chunks=[{"hash": A}]),
        manifest(chunks=[{"hash": "A" * 64, "size": 24}]),
        manifest(chunks=[{"hash": "../../etc/passwd", "size": 24}]),
        manifest(chunks={"hash": A}),
        {},
        None,
        [],
        "x",
    ],
)
def test_invalid_manifests_are_rejected(wrong: Any) -> None:
    with pytest.raises(Invalid):
        parse_column("x", wrong)


@pytest.mark.parametrize(
    "text", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n", None, 5, ["a"]]
)
def test_other_strings_are_not_hashes(text: Any) -> None:
    with pytest.raises(Invalid, match="hash"):
        check_hash(text)
