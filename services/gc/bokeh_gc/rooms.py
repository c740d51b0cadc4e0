"""What there is, in the order of what refers to what: each room's things refer to those of later rooms alone.

The services know their keys, and what a thing refers to; here is only in which order to ask, and what it
is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """Things of one kind.

    Attributes:
        service: whose they are.
        name: of the room; with the service, what names of its things begin with.
        kind: what one of them is called.
        why: why one that nothing refers to is an orphan.
        refers: whether they refer to others.
        whole: whether they are listed with all that is to be known of them; else by their keys, since few
            of them have to be looked at.
        optional: whether they may be missing where something refers to them.
        extra: whether they are of no use without what they follow.
        private: whether each belongs to the account in its key.
        follows: what is referred to in place of these things; themselves when empty.
        parts: of the key, behind the room, that name what is referred to. They begin the key, so that what
            follows comes in the order of what it follows.
        until: before what in the key that name ends, where it does not end with a part.
    """

    service: str
    name: str
    kind: str
    why: str
    refers: bool = False
    whole: bool = False
    optional: bool = False
    extra: bool = False
    private: bool = True
    follows: str = ""
    parts: int = 1
    until: str = ""

    @property
    def id(self) -> str:
        """What names of its things begin with, without the slash."""
        return f"{self.service}:{self.name}"

    @property
    def referred(self) -> str:
        """What the names of what they are referred to by begin with, without the slash."""
        return f"{self.service}:{self.follows or self.name}"

    def target(self, key: str) -> str:
        """Return the name by which others refer to a thing."""
        if not self.follows:
            return f"{self.service}:{key}"
        name = "/".join(key.split("/")[1 : 1 + self.parts])
        return f"{self.referred}/{name.partition(self.until)[0] if self.until else name}"

    def targets(self, keys: Sequence[str]) -> list[str]:
        """Return the names by which others refer to things."""
        if self.follows:
            return [self.target(key) for key in keys]
        before = f"{self.service}:"
        return [before + key for key in keys]


ROOMS = (
    Room("plots", "plots", "plot", "", refers=True, whole=True),
    Room("plots", "ids", "plot id", "its plot is gone", private=False),
    Room("plots", "visits", "visits", "their plot is gone", refers=True, whole=True, optional=True),
    Room("plots", "thumbnails", "thumbnail", "its plot has another one, or is gone"),
    Room("plots", "manifests", "manifest", "no version of a plot is made of it", refers=True),
    Room("plots", "scenes", "scene", "no version of a plot shows it"),
    Room("plots", "extensions", "extension", "no version of a plot runs it"),
    Room("data", "sources", "data source", "no plot uses it", refers=True, whole=True),
    Room(
        "data",
        "versions",
        "source version",
        "its data source is gone",
        refers=True,
        whole=True,
        follows="histories",
        parts=2,
    ),
    Room("data", "columns", "column", "no data source and no plot has it", refers=True),
    Room("data", "uploads", "upload", "no column of the account has its chunk"),
    Room("data", "chunks", "chunk", "no column has it", private=False),
    Room("data", "compressed", "compressed chunk", "no column has it", private=False, follows="chunks"),
    Room(
        "data",
        "pyramids",
        "pyramid",
        "no column has its chunk",
        extra=True,
        private=False,
        follows="chunks",
        until="-",
    ),
    Room("data", "indexes", "index", "no account has its column", optional=True, private=False),
)
