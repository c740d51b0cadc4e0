"""Publications that no client would send: any JSON, and real publications with random changes."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

#: Placeholder of a number that JSON can express but a double cannot hold.
HUGE = "@huge@"

#: Keys and values of documents, so that changes affect what the services read.
WORDS = [
    "id", "type", "name", "attributes", "data", "entries", "array", "dtype", "shape", "order", "roots",
    "version", "title", "callbacks", "config", "document", "sources", "bundles", "extensions", "model",
    "url", "text", "output_backend", "",
]  # fmt: skip
TYPES = ["object", "bytes", "packed", "set", "map", "ndarray", "typed_array", "number", "value", "field", "x"]
NAMES = ["ColumnDataSource", "Figure", "Div", "CustomJS", "WMTSTileSource", "ImageURL", "Title", "x"]

STRINGS = st.sampled_from([*WORDS, *TYPES, *NAMES, HUGE, "p1", "p1001", "0" * 64, "\ud800", "\0", "é" * 300])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STRINGS
    | st.text(max_size=20)
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(STRINGS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
NODES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES) | ANY_JSON,
        "id": STRINGS | ANY_JSON,
        "name": st.sampled_from(NAMES) | ANY_JSON,
        "attributes": ANY_JSON,
        "data": st.fixed_dictionaries({"id": STRINGS | ANY_JSON}) | ANY_JSON,
        "entries": ANY_JSON | st.lists(st.lists(STRINGS | ANY_JSON, min_size=2, max_size=2), max_size=3),
    },
)
VALUES = ANY_JSON | NODES


@dataclass(frozen=True)
class DocumentChange:
    """One change of a document.

    Attributes:
        kind: a key of `_APPLY`.
        at: the index of the place to change, modulo the number of places.
        other: the index of a second place, modulo the number of places.
        word: the key to set.
        value: the value to set.
    """

    kind: str
    at: int
    other: int
    word: str
    value: Any


CHANGES = st.lists(
    st.builds(
        DocumentChange,
        st.sampled_from(["replace", "drop", "copy", "set", "rename", "wrap"]),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
        st.sampled_from(WORDS),
        VALUES,
    ),
    min_size=1,
    max_size=4,
)


def apply_changes(body: Any, changes: list[DocumentChange]) -> Any:
    """Return a copy of `body` with changes applied."""
    changed = copy.deepcopy(body)
    for change in changes:
        places = list(_places(changed))
        if places:
            place = places[change.at % len(places)]
            _APPLY[change.kind](place, change, places[change.other % len(places)])
    return changed


def to_json(body: Any) -> str:
    """Return `body` as JSON, with the number that `HUGE` stands for."""
    return json.dumps(body).replace(f'"{HUGE}"', "1e999")


def packed_column(parts: tuple[Any, bytes]) -> bytes:
    """Return a packed column with any header, or a header with any value, and with any buffers."""
    head, buffers = parts
    text = to_json(head if isinstance(head, dict) else {"buffers": [len(buffers)], "value": head}).encode()
    return len(text).to_bytes(4, "little") + text + buffers


Place = tuple[Any, Any]


def _places(value: Any) -> Iterator[Place]:
    """Yield each place of a value in a document, as a container and a key or an index."""
    waiting = [value]
    while waiting:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            yield container, key
            if isinstance(container[key], dict | list):
                waiting.append(container[key])


def _replace(place: Place, change: DocumentChange, other: Place) -> None:
    place[0][place[1]] = copy.deepcopy(change.value)


def _drop(place: Place, change: DocumentChange, other: Place) -> None:
    del place[0][place[1]]


def _copy(place: Place, change: DocumentChange, other: Place) -> None:
    place[0][place[1]] = copy.deepcopy(other[0][other[1]])


def _set(place: Place, change: DocumentChange, other: Place) -> None:
    target = place[0][place[1]]
    if isinstance(target, dict):
        target[change.word] = copy.deepcopy(change.value)
    elif isinstance(target, list):
        target.append(copy.deepcopy(change.value))


def _rename(place: Place, change: DocumentChange, other: Place) -> None:
    if isinstance(place[0], dict):
        place[0][change.word] = place[0].pop(place[1])


def _wrap(place: Place, change: DocumentChange, other: Place) -> None:
    for _ in range(change.other % 300):
        place[0][place[1]] = [place[0][place[1]]]


_APPLY: dict[str, Callable[[Place, DocumentChange, Place], None]] = {
    "replace": _replace, "drop": _drop, "copy": _copy, "set": _set, "rename": _rename, "wrap": _wrap,
}  # fmt: skip
