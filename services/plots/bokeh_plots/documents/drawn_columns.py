"""Which columns a scene draws.

The data of a document itself are published with it, so all of their columns count as drawn. A live source has
columns of its own, and a plot that uses it draws those that the scene names elsewhere: in properties of
glyphs, filters and tables, or in tooltips. JavaScript of the author may read any column.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bokeh_plots.documents.default_fields import DEFAULT_FIELDS
from bokeh_plots.documents.live_columns import live_ids
from bokeh_plots.documents.scene_json import column_entries, column_in, is_model

#: The index of a table, and of the nodes of a graph, have no property that names them.
ALWAYS_DRAWN = frozenset({"index"})

#: A column in a tooltip: `@name`, `@{a name}`, `$swatch:name`.
_NAME_IN_TEXT = re.compile(r"\{([^{}]*)\}|(\w+)")


@dataclass(frozen=True)
class DrawnColumns:
    """The columns that a scene draws.

    Attributes:
        fixed: the hashes of the columns that are not those of live sources.
        published: the columns that live sources had when the plot was published: pairs of name and hash, by
            the id of the source.
        names: the names of columns of live sources that are drawn; None if all are, as the scene has code.
    """

    fixed: frozenset[str]
    published: Mapping[str, frozenset[tuple[str, str]]]
    names: frozenset[str] | None

    def draws(self, name: str) -> bool:
        """Whether the column of this name is drawn, if it is one of a live source."""
        return self.names is None or name in self.names

    def of(self, columns: Iterable[str]) -> list[str]:
        """Return those names of columns of a live source that are drawn."""
        return [name for name in columns if self.draws(name)]

    def hashes(self, replaced: Container[str] = ()) -> set[str]:
        """Return the hashes of all columns that are drawn, as of publication.

        Args:
            replaced: the ids of live sources whose columns are left out, since newer ones are shown.
        """
        kept = (columns for source, columns in self.published.items() if source not in replaced)
        return {*self.fixed, *(column for columns in kept for name, column in columns if self.draws(name))}

    @property
    def weight(self) -> int:
        """How many strings it consists of."""
        published = sum(map(len, self.published.values()))
        return 1 + len(self.fixed) + published + len(self.names or ())


def find_drawn_columns(document: Any, manifest: Mapping[str, Any]) -> DrawnColumns:
    """Return the columns that a scene draws, from its JSON values and the manifest of its version."""
    live = set(live_ids(manifest["sources"]))
    models = {use["model"]: use["id"] for use in manifest["sources"] if use["id"] in live and use["model"]}
    scan = _Scan(models)
    scan.read(document)
    names = None if manifest["code"] else frozenset(scan.names)
    published = {source: frozenset(pairs) for source, pairs in scan.published.items()}
    return DrawnColumns(frozenset(scan.fixed), published, names)


class _Scan:
    """One pass over a scene, in linear time."""

    def __init__(self, models: Mapping[str, str]) -> None:
        self._models = models
        self.fixed: set[str] = set()
        self.names: set[str] = set(ALWAYS_DRAWN)
        self.published: dict[str, set[tuple[str, str]]] = {source: set() for source in models.values()}

    def read(self, document: Any) -> None:
        left = [document]
        while left:
            value = left.pop()
            if isinstance(value, str):
                self._read_string(value)
            elif isinstance(value, list):
                left.extend(value)
            elif isinstance(value, dict):
                left.extend(self._read_node(value))

    def _read_node(self, node: dict[str, Any]) -> Iterable[Any]:
        """Return the values in an object that are still to be read."""
        if column := column_in(node):
            self.fixed.add(column)
            return ()
        if not is_model(node):
            return (value for name, value in node.items() if name != "type")
        self.names.update(DEFAULT_FIELDS.get(node["name"], "").split())
        attributes: dict[str, Any] = node.get("attributes", {})
        if node["id"] not in self._models:
            return attributes.values()
        self.published[self._models[node["id"]]].update(column_entries(attributes.get("data")))
        return (value for name, value in attributes.items() if name != "data")

    def _read_string(self, text: str) -> None:
        self.names.add(text)
        if "@" in text or "$" in text:
            self.names.update(braced or word for braced, word in _NAME_IN_TEXT.findall(text))
