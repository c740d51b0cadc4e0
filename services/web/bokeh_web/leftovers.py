"""What is not used any more, in people's words: the garbage collector's kinds are rooms of the storage."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Group:
    """What people take for one thing, and why nothing needs it."""

    name: str
    why: str


VERSIONS = Group("Versions of plots", "Their plots were deleted, or have many newer versions.")
PICTURES = Group("Small pictures of plots", "Their plots were deleted, or have newer pictures.")
NOTES = Group("Notes on plots, such as how often they were seen", "Their plots were deleted.")
DATA = Group("Data", "No plot shows it, and you have not made it by a name of its own.")
REST = Group("Other things", "Nothing of yours refers to them.")

#: By the kinds of `bokeh_gc.rooms`.
GROUPS = {
    "manifest": VERSIONS,
    "scene": VERSIONS,
    "extension": VERSIONS,
    "thumbnail": PICTURES,
    "plot id": NOTES,
    "visits": NOTES,
    "data source": DATA,
    "source version": DATA,
    "column": DATA,
    "upload": DATA,
    "chunk": DATA,
    "compressed chunk": DATA,
    "pyramid": DATA,
    "index": DATA,
}


def grouped(orphans: Iterable[dict[str, Any]]) -> list[tuple[Group, int]]:
    """Return what there is, with its bytes; the most first."""
    sizes: dict[Group, int] = {}
    for orphan in orphans:
        group = GROUPS.get(orphan["kind"], REST)
        sizes[group] = sizes.get(group, 0) + orphan["bytes"]
    return sorted(sizes.items(), key=lambda item: -item[1])


def names_of(kinds: Iterable[str]) -> list[str]:
    """Return what people call things of these kinds, each once, as they stand in a sentence."""
    groups = dict.fromkeys(GROUPS.get(kind, REST) for kind in kinds)
    return [group.name[0].lower() + group.name[1:] for group in groups]
