"""Types of Arrow in which columns of structs and bytes are stored, after those of frames and tables."""

from collections.abc import Sequence
from typing import Any

from bokeh_cloud.columns.timezone_names import zone_name


class UnknownType(Exception):
    """No column has values of this type."""


def holds_typed_values(kind: Any) -> bool:
    """Return whether values are structs, maps, bytes or decimals, or lists of these."""
    import pyarrow as pa

    types = pa.types
    if types.is_struct(kind) or types.is_map(kind) or types.is_decimal(kind) or _is_bytes(kind):
        return True
    if isinstance(kind, pa.BaseExtensionType):
        return holds_typed_values(kind.storage_type)
    return hasattr(kind, "value_type") and holds_typed_values(kind.value_type)


def stored_type(kind: Any) -> Any:
    """Return the type that a column has for values of a type: the same, or the one to convert them to.

    Raises:
        UnknownType: there is none.
    """
    import pyarrow as pa

    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return stored_type(kind.storage_type)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return stored_type(kind.value_type)
    if types.is_struct(kind):
        return _struct([kind.field(i) for i in range(kind.num_fields)])
    if types.is_map(kind):
        return pa.map_(stored_type(kind.key_type), stored_type(kind.item_type))
    if hasattr(kind, "value_type"):
        return _list(kind)
    return _leaf(kind)


def _struct(fields: Sequence[Any]) -> Any:
    import pyarrow as pa

    if not fields or len({field.name for field in fields}) < len(fields):
        raise UnknownType("its fields need different names")
    return pa.struct([field.with_type(stored_type(field.type)) for field in fields])


def _list(kind: Any) -> Any:
    import pyarrow as pa

    inner = stored_type(kind.value_type)
    if pa.types.is_fixed_size_list(kind) and kind.list_size:
        return pa.list_(inner, kind.list_size)
    return pa.large_list(inner) if "large" in str(kind).partition("<")[0] else pa.list_(inner)


def _leaf(kind: Any) -> Any:
    import pyarrow as pa

    types = pa.types
    if types.is_decimal(kind):
        if not 0 <= kind.scale <= kind.precision:
            raise UnknownType("decimals need a scale from 0 to their precision")
        return (
            pa.decimal256(kind.precision, kind.scale)
            if kind.bit_width == 256
            else pa.decimal128(kind.precision, kind.scale)
        )
    if types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, zone_name(kind.tz, ()))
    if kind == pa.string_view():
        return pa.string()
    if kind == pa.binary_view() or kind == pa.binary(0):
        return pa.binary()
    if types.is_interval(kind) or types.is_union(kind):
        raise UnknownType(f"there are no columns of {kind}")
    return kind


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    is_plain = types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    return bool(is_plain or kind == pa.binary_view())
