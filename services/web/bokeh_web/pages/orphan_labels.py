"""Labels of unused data: the garbage collector names keyspaces, pages name what users know."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OrphanLabel:
    """What users call some kinds of orphans, and why nothing needs them."""

    name: str
    why: str


VERSIONS = OrphanLabel(
    "Versions of plots", "They or their plots were deleted, or there are many newer versions."
)
THUMBNAILS = OrphanLabel("Thumbnails of plots", "Their plots were deleted, or have newer thumbnails.")
NOTES = OrphanLabel("Notes about plots, such as how often they were viewed", "Their plots were deleted.")
DATA = OrphanLabel("Data", "No plot shows it, and it was not created under a name of its own.")
OTHER = OrphanLabel("Other objects", "Nothing in your account refers to them.")

#: By the kinds of `bokeh_gc.keyspaces`.
LABELS = {
    "manifest": VERSIONS,
    "scene": VERSIONS,
    "extension": VERSIONS,
    "thumbnail": THUMBNAILS,
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


def bytes_by_label(orphans: Iterable[dict[str, Any]]) -> list[tuple[OrphanLabel, int]]:
    """Return the total size in bytes of the orphans with each label, the largest first."""
    sizes: dict[OrphanLabel, int] = {}
    for orphan in orphans:
        label = LABELS.get(orphan["kind"], OTHER)
        sizes[label] = sizes.get(label, 0) + orphan["bytes"]
    return sorted(sizes.items(), key=lambda item: -item[1])


def names_of(kinds: Iterable[str]) -> list[str]:
    """Return the names of orphans of these kinds, each once, in lower case as within a sentence."""
    labels = dict.fromkeys(LABELS.get(kind, OTHER) for kind in kinds)
    return [label.name[0].lower() + label.name[1:] for label in labels]
