"""Teaches schemathesis the packed format: a header with the JSON value, and no buffers."""

import json
from typing import Any

import schemathesis

from bokeh_data.resources.base import PACKED_TYPE


@schemathesis.serializer(PACKED_TYPE)
def pack(_: Any, value: Any) -> bytes:
    """Write a generated value."""
    head = json.dumps({"buffers": [], "value": value}).encode()
    return len(head).to_bytes(4, "little") + head
