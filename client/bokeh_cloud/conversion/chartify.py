"""Converts charts of chartify."""

from typing import Any


def convert(obj: Any) -> Any:
    """Return the figure of a `chartify.Chart`."""
    return obj.figure
