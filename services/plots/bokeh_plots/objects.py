"""Single objects of scenes, with their data, written out as they are read: in bounded memory.

An object's id is `{plot}.{model id}`, since Bokeh's own ids repeat from document to document.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

from blake3 import blake3

from bokeh_common.errors import Invalid, NotFound, TooLarge
from bokeh_plots.documents import objects_of
from bokeh_plots.packed import MAX_BYTES, inlined, unpack
from bokeh_plots.peers import Data
from bokeh_plots.plots import Plots
from bokeh_plots.scenes import Scene, Scenes

#: Columns up to this many bytes are fetched together, up to the second number at a time.
SMALL_BYTES = 1 << 18
BATCH_BYTES = 8 << 20
BATCH_COLUMNS = 500
SCENES = 4  # that are kept at hand; objects of one plot are mostly asked for in a row


@dataclass
class Item:
    """An object that was found, as text in which marks stand where columns belong."""

    text: str
    sizes: dict[str, int]


@dataclass
class Batch:
    """Objects whose small columns are fetched together."""

    items: list[Item] = field(default_factory=list)
    small: dict[str, int] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether it is time to fetch."""
        held = sum(self.small.values()) + sum(len(item.text) for item in self.items)
        return len(self.small) >= BATCH_COLUMNS or held >= BATCH_BYTES


@dataclass(frozen=True)
class Asked:
    """Objects that somebody asks for.

    Attributes:
        ids: of the objects.
        scene_of: returns what a plot shows, None where there is no such plot; the last few are at hand.
        reading: puts columns in.
    """

    ids: list[str]
    scene_of: Callable[[str], Scene | None]
    reading: "_Reading"

    @property
    def etag(self) -> str:
        """Another one for other objects, another order, other values, and where others are missing."""
        plots = dict.fromkeys(item.partition(".")[0] for item in self.ids)
        scenes = [scene.etag if (scene := self.scene_of(plot)) else None for plot in plots]
        return blake3(json.dumps([self.ids, scenes]).encode()).hexdigest()

    def blocks(self) -> Iterator[bytes]:
        """Yield the JSON of `objects`, in the order of their ids, data included, and the ids `missing`.

        Each object is as `bokeh.core.serialization` writes it to plain JSON, with references to others. A
        column that calls itself packed and is not, or is larger than `packed.MAX_BYTES`, stays as the scene
        has it: the data service has its bytes.

        Raises:
            NotFound: there is none of them; before anything is yielded.
        """
        missing: list[str] = []
        found = self._found(missing)
        first = next(found, None)
        if first is None:
            raise NotFound("There are no such objects.", missing=missing)
        return self.reading.written(chain([first], found), missing)

    def _found(self, missing: list[str]) -> Iterator[Item]:
        @lru_cache(SCENES)
        def models_of(plot: str) -> tuple[dict[str, Any], dict[str, int]]:
            scene = self.scene_of(plot)
            return (objects_of(scene.document), scene.columns) if scene else ({}, {})

        for item in self.ids:
            plot, _, model = item.partition(".")
            models, columns = models_of(plot)
            if model in models:
                yield self.reading.marked(models[model], columns)
            else:
                missing.append(item)


class Objects:
    """Objects of scenes, looked up by id."""

    def __init__(self, plots: Plots, scenes: Scenes, data: Data, max_ids: int) -> None:
        self._plots = plots
        self._scenes = scenes
        self._data = data
        self._max_ids = max_ids

    def ask(self, user: str, text: str, authorization: str | None) -> Asked:
        """Return the objects of these ids, none of them read yet; `TooLarge` when they are very many."""
        ids = text.split(",")
        if len(ids) > self._max_ids:
            detail = f"Ask for at most {self._max_ids} objects at a time; these are {len(ids)}."
            raise TooLarge(detail, limit=self._max_ids)

        @lru_cache(SCENES)
        def scene_of(plot: str) -> Scene | None:
            try:
                return self._scenes.of(self._plots.get(user, plot))
            except NotFound:
                return None

        return Asked(ids, scene_of, _Reading(self._data, user, authorization))


class _Reading:
    """One answer: marks columns in objects, and later puts them in."""

    def __init__(self, data: Data, user: str, authorization: str | None) -> None:
        self._data = data
        self._user = user
        self._authorization = authorization
        # Nobody can have this in a document, so a text that looks like a mark is none.
        self._mark = secrets.token_hex(16)
        self._marks = re.compile(rf'"{self._mark}:(bytes|packed):([^"\\]+)"')

    def marked(self, value: dict[str, Any], sizes: dict[str, int]) -> Item:
        """Return an object with marks for its columns."""
        used: dict[str, int] = {}
        return Item(json.dumps(self._with_marks(value, sizes, used)), used)

    def written(self, found: Iterable[Item], missing: list[str]) -> Iterator[bytes]:
        """Yield the whole answer; `missing` is complete when `found` is at its end."""
        separator = b'{"objects": ['
        for batch in _batches(found):
            small = self._data.values(self._user, list(batch.small), self._authorization)
            for item in batch.items:
                yield separator
                yield from self._put_in(item, small)
                separator = b", "
        yield b'], "missing": ' + json.dumps(missing).encode() + b"}"

    def _with_marks(self, value: Any, sizes: dict[str, int], used: dict[str, int]) -> Any:
        if isinstance(value, list):
            return [self._with_marks(item, sizes, used) for item in value]
        if not isinstance(value, dict):
            return value
        leaf = value["data"].get("id") if isinstance(value.get("data"), dict) else None
        if value.get("type") in ("bytes", "packed") and leaf in sizes:
            used[leaf] = sizes[leaf]
            return f"{self._mark}:{value['type']}:{leaf}"
        return {key: self._with_marks(item, sizes, used) for key, item in value.items()}

    def _put_in(self, item: Item, small: dict[str, bytes]) -> Iterator[bytes]:
        parts = self._marks.split(item.text)
        yield parts[0].encode()
        for kind, column, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            blocks = [small[column]] if column in small else self._blocks(column)
            if kind == "bytes":
                yield from inlined(blocks)
            else:
                yield _unpacked(column, blocks) if item.sizes[column] <= MAX_BYTES else _reference(column)
            yield text.encode()

    def _blocks(self, column: str) -> Iterator[bytes]:
        return self._data.column(self._user, column, self._authorization)


def _unpacked(column: str, blocks: Iterable[bytes]) -> bytes:
    """Return the JSON of a packed value; one that is none stays as the scene has it."""
    try:
        return json.dumps(unpack(b"".join(blocks)), allow_nan=False).encode()
    except (Invalid, ValueError, RecursionError):
        return _reference(column)


def _reference(column: str) -> bytes:
    return json.dumps({"type": "packed", "data": {"id": column}}).encode()


def _batches(items: Iterable[Item]) -> Iterator[Batch]:
    batch = Batch()
    for item in items:
        batch.items.append(item)
        batch.small.update({h: size for h, size in item.sizes.items() if size <= SMALL_BYTES})
        if batch.full:
            yield batch
            batch = Batch()
    if batch.items:
        yield batch
