"""Values of a document's JSON that Bokeh's `Document.from_json` takes for others.

JSON has lists for the tuples of factors, which Bokeh needs to be tuples, and milliseconds for times of day,
which Bokeh does not accept.
"""

from datetime import datetime, time, timedelta
from typing import Any

from bokeh.core.has_props import HasProps
from bokeh.core.property.bases import Property
from bokeh.core.property.datetime import Time
from bokeh.model import Model

JSON = Any


def restore_values(node: JSON) -> JSON:
    """Return the JSON of a document, or of a part of it, with tuples and times in the place of such values.

    Args:
        node: is not changed; it may contain `Buffer` objects.
    """
    if isinstance(node, list):
        return [restore_values(item) for item in node]
    if not isinstance(node, dict):
        return node
    restored = {key: restore_values(value) for key, value in node.items()}
    kind = Model.model_class_reverse_map.get(node.get("name", "")) if node.get("type") == "object" else None
    if kind is None or not isinstance(restored.get("attributes"), dict):
        return restored
    attributes = {name: _restore(kind, name, value) for name, value in restored["attributes"].items()}
    return {**restored, "attributes": attributes}


def _restore(kind: type[HasProps], name: str, value: JSON) -> Any:
    if name == "factors" and isinstance(value, list):
        return [tuple(item) if isinstance(item, list) else item for item in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and name in kind.properties() and _has_times_of_day(kind.lookup(name).property):
        return _to_time(value)
    return value


def _has_times_of_day(kind: Property[Any]) -> bool:
    """Return whether a property takes times of day, possibly among other values."""
    return isinstance(kind, Time) or any(map(_has_times_of_day, getattr(kind, "type_params", ())))


def _to_time(milliseconds: float) -> time:
    return (datetime.min + timedelta(milliseconds=milliseconds)).time()
