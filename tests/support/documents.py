"""Small Bokeh documents, as JSON."""

from typing import Any

VERSION = "3.9.2"


def text_document(text: str = "hello", **attributes: Any) -> dict[str, Any]:
    """Return the JSON of a document with one model, a `Div` with this text and these attributes."""
    root = {"type": "object", "name": "Div", "id": "p1", "attributes": {"text": text, **attributes}}
    return {"version": VERSION, "roots": [root]}


def nested_lists(levels: int) -> list[Any]:
    """Return empty lists, one inside the other."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def column_reference(column: str) -> dict[str, Any]:
    """Return what stands for an array in a scene: the hash of its column."""
    return {"type": "bytes", "data": {"id": column}}
