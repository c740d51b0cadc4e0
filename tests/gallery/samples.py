"""The figures of the gallery as Bokeh serialises them, for tests that search them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from bokeh.document import Document
from bokeh.models import ColumnDataSource

from tests.gallery.registry import FIGURES, as_document


@dataclass(frozen=True)
class SampleColumn:
    """A column of a source of a figure.

    Attributes:
        figure: the name of the figure.
        name: the name of the column.
        value: the values as passed to Bokeh.
        encoded: the column in Bokeh's JSON.
    """

    figure: str
    name: str
    value: Any
    encoded: Any


@dataclass(frozen=True)
class Sample:
    """A figure: its document, its JSON, and the bytes of its arrays."""

    name: str
    document: Document
    content: Any
    arrays: list[bytes]

    def objects(self, name: str = "") -> Iterator[dict[str, Any]]:
        """Yield the models in the JSON, of one type or of all types."""
        for value in walk(self.content):
            if value.get("type") == "object" and name in ("", value["name"]):
                yield value

    def columns(self) -> Iterator[SampleColumn]:
        """Yield the columns of all sources."""
        encoded = {value["id"]: value.get("attributes", {}) for value in self.objects()}
        for source in self.document.select({"type": ColumnDataSource}):
            assert isinstance(source, ColumnDataSource)
            entries = dict(encoded[source.id].get("data", {}).get("entries", []))
            for name, value in source.data.items():
                yield SampleColumn(self.name, str(name), value, entries[name])


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield a JSON object and all JSON objects in it."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from walk(item)


@cache
def samples() -> list[Sample]:
    """Return all figures, which are built once."""
    return [sample(name) for name in FIGURES]


def sample(name: str) -> Sample:
    """Build a figure."""
    document = as_document(FIGURES[name]())
    serialized = document.to_json()
    return Sample(name, document, serialized.content, [buffer.to_bytes() for buffer in serialized.buffers])
