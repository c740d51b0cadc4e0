"""Serialises values that schemathesis generates as packed: a header with the JSON value, and no buffers."""

import json
from typing import Any

import schemathesis

from bokeh_data.queries.output_formats import PACKED_TYPE


@schemathesis.serializer(PACKED_TYPE)
def pack(_: Any, value: Any) -> bytes:
    """Return a value in the packed format."""
    head = json.dumps({"buffers": [], "value": value}).encode()
    return len(head).to_bytes(4, "little") + head
