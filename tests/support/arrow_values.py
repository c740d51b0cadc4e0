"""Values of all types of Arrow, also within each other."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa

_NUMBERS = (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64",
)  # fmt: skip
_DIGITS = {"decimal32": 9, "decimal64": 18, "decimal128": 38, "decimal256": 76}
_UNITS = ("s", "ms", "us", "ns")
_LONG = "a string that is too long for a view"


class _Extension(pa.ExtensionType):  # type: ignore[misc]  # pyarrow has no types
    """A type that the server does not know."""

    def __init__(self, storage: pa.DataType) -> None:
        super().__init__(storage, "bokeh-cloud.test")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, serialized: bytes) -> "_Extension":
        return cls(storage)


def all_arrays() -> dict[str, pa.Array]:
    """Return arrays of two or three rows by a name of their type; the second row is missing."""
    plain = dict(_plain())
    nested = {
        f"{name}<{inner}>": array
        for inner, items in plain.items()
        for name, make in _CONTAINERS.items()
        if (array := _try(make, items)) is not None
    }
    deep = {
        f"{name}<list<{inner}>>": array
        for inner in ("string_view", "uint8", "decimal32", "timestamp[ns]", "interval")
        for name, make in _CONTAINERS.items()
        if (array := _try(make, nested[f"list<{inner}>"])) is not None
    }
    return plain | nested | deep | dict(_extensions(plain)) | dict(_odd())


def _plain() -> Iterator[tuple[str, pa.Array]]:
    for name in _NUMBERS:
        yield name, pa.array([1, None], getattr(pa, name)())
    yield "int64 beyond 2^53", pa.array([(1 << 60) + 1, None], pa.int64())
    yield "null", pa.nulls(2)
    yield "bool", pa.array([True, None])
    for name, digits in _DIGITS.items():
        yield name, pa.array([Decimal("1.5"), None], getattr(pa, name)(7, 2))
        yield f"{name} of {digits} digits", pa.array([Decimal("9" * digits), None], getattr(pa, name)(digits))
        yield f"{name} of thousands", pa.array([Decimal("5E3"), None], getattr(pa, name)(5, -2))
    for name in ("string", "large_string", "string_view"):
        yield name, pa.array(["é", None, _LONG], getattr(pa, name)())
    for name in ("binary", "large_binary", "binary_view"):
        yield name, pa.array([b"\xff", None, _LONG.encode()], getattr(pa, name)())
    yield "binary[3]", pa.array([b"\xffbc", None], pa.binary(3))
    yield "binary[0]", pa.array([b"", None], pa.binary(0))
    for unit in _UNITS:
        yield f"timestamp[{unit}]", pa.array([1, None], pa.timestamp(unit))
        yield f"timestamp[{unit}, Europe/Berlin]", pa.array([1, None], pa.timestamp(unit, "Europe/Berlin"))
        yield f"duration[{unit}]", pa.array([1, None], pa.duration(unit))
    for zone in ("+02:00", "Mars/Base", "", "X" * 300):
        yield f"timestamp[s, {zone[:20]}]", pa.array([1, None], pa.timestamp("s", zone))
    for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"), pa.date32()):
        yield str(kind), pa.array([1000, None], kind)
    yield "date64", pa.array([86_400_000, None], pa.date64())
    yield "date32 in the year 11000", pa.array([3_300_000, None], pa.date32())
    yield "interval", pa.array([pa.MonthDayNano([1, 2, 3]), None], pa.month_day_nano_interval())


def _offsets(items: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.array([0, 1, len(items)], kind)


def _runs(items: pa.Array) -> pa.Array:
    return pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 5][: len(items)], pa.int32()), items)


_INT32 = pa.int32()
_CONTAINERS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "list": lambda items: pa.ListArray.from_arrays(_offsets(items, _INT32), items),
    "large_list": lambda items: pa.LargeListArray.from_arrays(_offsets(items, pa.int64()), items),
    "list_view": lambda items: pa.ListViewArray.from_arrays(
        pa.array([1, 0], _INT32), pa.array([1, 2], _INT32), items
    ),
    "large_list_view": lambda items: pa.LargeListViewArray.from_arrays(
        pa.array([1, 0], pa.int64()), pa.array([1, 2], pa.int64()), items
    ),
    "list[1]": lambda items: pa.FixedSizeListArray.from_arrays(items[:2], 1),
    "list[1] or null": lambda items: pa.FixedSizeListArray.from_arrays(
        items[:2], 1, mask=pa.array([False, True])
    ),
    "list[0]": lambda items: pa.array([[], []], pa.list_(items.type, 0)),
    "struct": lambda items: pa.StructArray.from_arrays([items], ["field"]),
    "map": lambda items: pa.MapArray.from_arrays(
        _offsets(items, _INT32), pa.array([str(i) for i in range(len(items))]), items
    ),
    "map of keys": lambda items: pa.MapArray.from_arrays(
        pa.array([0, 1], _INT32), items[:1], pa.array([1], pa.int8())
    ),
    "dictionary": lambda items: pa.DictionaryArray.from_arrays(pa.array([0, None, 0], pa.int8()), items[:1]),
    "dictionary with null": lambda items: pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 0], pa.int8()), items
    ),
    "runs": _runs,
    "dense_union": lambda items: pa.UnionArray.from_dense(
        pa.array([0] * len(items), pa.int8()), pa.array(range(len(items)), _INT32), [items]
    ),
    "sparse_union": lambda items: pa.UnionArray.from_sparse(pa.array([0] * len(items), pa.int8()), [items]),
}


def _extensions(plain: dict[str, pa.Array]) -> Iterator[tuple[str, pa.Array]]:
    for name in ("int64", "string", "string_view", "timestamp[us]", "interval"):
        items = plain[name]
        extension = pa.ExtensionArray.from_storage(_Extension(items.type), items)
        yield f"extension<{name}>", extension
        yield f"list<extension<{name}>>", _CONTAINERS["list"](extension)
    storages: dict[pa.DataType, list[Any]] = {
        pa.json_(): ['{"a": 1}', None],
        pa.uuid(): [b"0123456789abcdef", None],
        pa.bool8(): [1, None],
        pa.opaque(pa.int64(), "type", "vendor"): [1, None],
        pa.fixed_shape_tensor(pa.int32(), [2, 2]): [[1, 2, 3, 4], [5, 6, 7, 8]],
    }
    for kind, values in storages.items():
        yield str(kind), pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))


def _odd() -> Iterator[tuple[str, pa.Array]]:
    yield "struct without fields", pa.array([{}, None], pa.struct([]))
    same = [pa.field("x", pa.int8()), pa.field("x", pa.int8())]
    yield (
        "struct with equal fields",
        pa.StructArray.from_arrays([pa.array([1, 2], pa.int8())] * 2, fields=same),
    )
    big = (1 << 31) - 1
    yield "no lists of 2^31 - 1", pa.array([], pa.list_(pa.float64(), big))
    yield "no strings in lists of 2^31 - 1", pa.array([], pa.list_(pa.string(), big))
    yield "no lists of lists of 2^31 - 1", pa.array([], pa.list_(pa.list_(pa.float64(), big), big))
    yield "two lists of none in lists of 3", pa.array([[[]] * 3] * 2, pa.list_(pa.list_(pa.int8(), 0), 3))


def _try(make: Callable[[pa.Array], pa.Array], items: pa.Array) -> pa.Array | None:
    """Return an array; None if Arrow has none with such items, as keys that are null."""
    try:
        return make(items)
    except (pa.ArrowException, NotImplementedError):
        return None
