"""Values that clients send as JSON or in packed bodies."""

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_data.arrow.stored_types import stored_type, to_stored
from bokeh_data.columns.arrow_types import array_from_json, parse_type
from bokeh_data.columns.casting import cast_to
from bokeh_data.columns.dtypes import (
    PACKED,
    check_dtype,
    is_arrow,
    is_time,
    numpy_dtype,
    time_unit,
    time_zone,
)
from bokeh_data.columns.lists import is_list
from bokeh_data.columns.manifest import check_natural
from bokeh_data.columns.missing import MAX_EXACT_INTEGER, has_missing_integers
from bokeh_data.columns.values import INFINITIES, NUMBERS, Values, from_arrow

#: How a time ends that has an offset from UTC.
_OFFSET = re.compile(r"[+-]\d\d:?\d\d")
MAX_OFFSET_LENGTH = 6


def from_json(name: str, spec: Any, buffers: list[memoryview], prototype: Values | None = None) -> Values:
    """Parse the values that a client sent.

    Args:
        name: of the column, for messages.
        spec: a list of values; `{"values": [...], "dtype": ...}`; or an array in Bokeh's encoding, whose
            bytes are in `buffers`.
        buffers: of the packed body; empty for plain JSON.
        prototype: rows (possibly none) of the column that the values have to fit.

    Raises:
        Invalid: they are not values, or do not fit.
    """
    try:
        if isinstance(spec, dict) and spec.get("type") == "ndarray":
            return cast_to(_from_ndarray(spec, buffers), prototype)
        if isinstance(spec, dict) and "values" in spec:
            return cast_to(_from_list(spec["values"], spec.get("dtype"), prototype), prototype)
        return cast_to(_from_list(spec, None, prototype), prototype)
    except (TypeError, ValueError, OverflowError, KeyError, IndexError, pa.ArrowException) as error:
        raise Invalid(f"Column {name!r}: {error}.") from None
    except Invalid as error:
        raise Invalid(f"Column {name!r}: {error}") from None


def _from_ndarray(spec: dict[str, Any], buffers: list[memoryview]) -> Values:
    dtype, shape = check_dtype(spec["dtype"]), [check_natural(length) for length in spec["shape"]]
    if is_arrow(dtype) or dtype == PACKED or not shape or spec.get("order", "little") != "little":
        raise Invalid("an array must have a fixed dtype, little-endian order and at least one dimension.")
    data = buffers[check_natural(spec["array"]["data"]["id"])]
    array = np.frombuffer(data, numpy_dtype(dtype)).reshape(shape)
    return Values(dtype, array)


def _from_list(values: Any, dtype: Any, prototype: Values | None) -> Values:
    """Parse a list; without a dtype, its items are those of the column if there is one."""
    if not isinstance(values, list):
        raise Invalid("its values must be a list.")
    wanted = check_dtype(dtype) if dtype is not None else prototype.dtype if prototype is not None else None
    if wanted is None:
        found = to_stored(pa.array(_decode_numbers(values)))
        _check_booleans(values, found.type)
        return from_arrow(found)
    if not is_arrow(wanted):
        return Values(wanted, _fixed(values, wanted))
    is_typed = dtype is not None or prototype is None
    kind = parse_type(wanted[6:-1]) if is_typed else prototype.array.type  # type: ignore[union-attr]  # it is not typed
    if kind is None or stored_type(kind) != kind:
        raise Invalid(f"{wanted} is no type that values in JSON can have; leave it out.")
    if pa.types.is_dictionary(kind):
        return Values(f"arrow[{kind.value_type}]", pa.array(values, kind.value_type))
    _check_booleans(values, kind)
    array = array_from_json(_decode_numbers(values), kind)
    if not is_typed and has_missing_integers(array):
        raise Invalid(f"it holds {wanted[6:-1]}; missing numbers need a column whose lists have floats.")
    return Values(wanted, array)


def _check_booleans(values: list[Any], kind: pa.DataType) -> None:
    """Reject booleans among numbers, which Arrow takes for 0 and 1."""
    while is_list(kind):
        kind = kind.value_type
    if pa.types.is_floating(kind) and _has_boolean(values):
        raise Invalid("there are booleans among its numbers; send 0 and 1, or booleans only.")


def _has_boolean(values: list[Any]) -> bool:
    kinds = {type(value) for value in values}
    return bool in kinds or (list in kinds and any(_has_boolean(one) for one in values if type(one) is list))


def _fixed(values: list[Any], dtype: str) -> NDArray[Any]:
    wanted = numpy_dtype(dtype)
    if is_time(dtype):
        return np.array(_times(values, dtype), wanted)
    if wanted.kind == "f":
        return np.array(_floats(values), wanted)
    found = np.array(values) if values else np.array([], wanted)
    if wanted.kind != "b" and _has_boolean(values):
        raise Invalid(f"it holds {dtype}; send numbers instead of booleans.")
    fits = {"b": "b", "i": "iu", "u": "iu", "c": "iufc"}[wanted.kind]
    if found.dtype.kind not in fits or not np.array_equal(found.astype(wanted), found):
        raise Invalid(f"these values do not all fit {dtype}.")
    return found.astype(wanted)


def _floats(value: Any) -> Any:
    """Return numbers with NaN for null, and decode those that JSON lacks."""
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if isinstance(value, dict):
        return NUMBERS[value["value"]]
    if isinstance(value, str) and value in INFINITIES:
        return INFINITIES[value]
    if isinstance(value, (str, bool)):
        raise Invalid(f"{value!r} is not a number.")
    if isinstance(value, int) and abs(value) > MAX_EXACT_INTEGER and float(value) != value:
        raise Invalid(f"{value} does not fit float64, which would round it.")
    return float("nan") if value is None else value


def _decode_numbers(value: Any) -> Any:
    """Return a list with the numbers that JSON lacks, in Bokeh's encoding."""
    if isinstance(value, list):
        return [_decode_numbers(item) for item in value] if _has_objects(value) else value
    is_number = isinstance(value, dict) and value.get("type") == "number"
    return NUMBERS[value["value"]] if is_number else value


def _has_objects(values: list[Any]) -> bool:
    return not {type(value) for value in values}.isdisjoint({dict, list})


def _times(values: list[Any], dtype: str) -> list[Any]:
    return [_times(one, dtype) if isinstance(one, list) else _time(one, dtype) for one in values]


def _time(value: Any, dtype: str) -> Any:
    if value is None:
        return "NaT"
    if isinstance(value, str) and dtype.startswith("datetime64"):
        return _parse_time(value, dtype)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{value!r} is not a time: send ISO 8601, or an integer number of {time_unit(dtype)}.")
    return np.int64(value).astype(numpy_dtype(dtype))


def _parse_time(text: str, dtype: str) -> Any:
    """Parse ISO 8601; raise `Invalid` if the unit of the column would cut off digits."""
    if "T" in text and _OFFSET.search(text[-MAX_OFFSET_LENGTH:]):
        if time_zone(dtype) is None:
            raise Invalid(f"{text!r} has an offset, but the column has no time zone: send it without one.")
        moment = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
        found = np.datetime64(moment, "us")
    else:
        found = np.datetime64(text.removesuffix("Z"))
    time = found.astype(numpy_dtype(dtype))
    if time != found:
        raise Invalid(f"{text!r} does not fit {dtype}, whose unit would cut off digits: round it.")
    return time
