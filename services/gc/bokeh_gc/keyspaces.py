"""The keyspaces of all services, in the order of their references: each refers to later ones only.

The services know how their keys are made and what an object refers to. This table adds what the collector
needs
to know: in which order to list keyspaces, and what their objects are called.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class KeyspaceSpec:
    """A keyspace as the collector sees it: all objects of one kind.

    Attributes:
        service: the service that stores the objects.
        name: the first part of their keys.
        kind: what one object is called in reports.
        why: why an object to which nothing refers is an orphan.
        has_references: whether the objects refer to others.
        listed_in_full: whether listing returns everything about each object; otherwise it returns keys, since
            few of the objects have to be inspected.
        optional: whether an object may be missing although something refers to it.
        derived: whether the objects are useless without what they are `referred_as`.
        per_account: whether each object belongs to the account in its key.
        referred_as: the keyspace whose names references use in place of this one; empty for `name` itself.
        target_parts: how many parts of the key, after the keyspace, make up the name of what is referred to.
            They come first in the key, so that both are in the same order.
        target_end: the character that ends this name, if it does not end with a part of the key.
    """

    service: str
    name: str
    kind: str
    why: str
    has_references: bool = False
    listed_in_full: bool = False
    optional: bool = False
    derived: bool = False
    per_account: bool = True
    referred_as: str = ""
    target_parts: int = 1
    target_end: str = ""

    @property
    def id(self) -> str:
        """The first part of the names of the objects, without the slash, such as `data:chunks`."""
        return f"{self.service}:{self.name}"

    @property
    def target_id(self) -> str:
        """The first part of the names by which others refer to the objects, without the slash."""
        return f"{self.service}:{self.referred_as or self.name}"

    def target(self, key: str) -> str:
        """Return the name by which others refer to an object."""
        if not self.referred_as:
            return f"{self.service}:{key}"
        name = "/".join(key.split("/")[1 : 1 + self.target_parts])
        return f"{self.target_id}/{name.partition(self.target_end)[0] if self.target_end else name}"

    def targets(self, keys: Sequence[str]) -> list[str]:
        """Return the names by which others refer to objects."""
        if self.referred_as:
            return [self.target(key) for key in keys]
        before = f"{self.service}:"
        return [before + key for key in keys]


KEYSPACES = (
    KeyspaceSpec("plots", "plots", "plot", "", has_references=True, listed_in_full=True),
    KeyspaceSpec("plots", "ids", "plot id", "its plot is gone", per_account=False),
    KeyspaceSpec(
        "plots",
        "visits",
        "visits",
        "their plot is gone",
        has_references=True,
        listed_in_full=True,
        optional=True,
    ),
    KeyspaceSpec("plots", "thumbnails", "thumbnail", "its plot has another one, or is gone"),
    KeyspaceSpec(
        "plots", "manifests", "manifest", "no version of a plot consists of it", has_references=True
    ),
    KeyspaceSpec("plots", "scenes", "scene", "no version of a plot shows it"),
    KeyspaceSpec("plots", "extensions", "extension", "no version of a plot uses it"),
    KeyspaceSpec(
        "data", "sources", "data source", "no plot uses it", has_references=True, listed_in_full=True
    ),
    KeyspaceSpec(
        "data",
        "versions",
        "source version",
        "its data source is gone",
        has_references=True,
        listed_in_full=True,
        referred_as="histories",
        target_parts=2,
    ),
    KeyspaceSpec("data", "columns", "column", "no data source and no plot refers to it", has_references=True),
    KeyspaceSpec("data", "uploads", "upload", "no column of the account contains its chunk"),
    KeyspaceSpec("data", "chunks", "chunk", "no column contains it", per_account=False),
    KeyspaceSpec(
        "data",
        "compressed",
        "compressed chunk",
        "no column contains it",
        per_account=False,
        referred_as="chunks",
    ),
    KeyspaceSpec(
        "data",
        "pyramids",
        "pyramid",
        "no column contains its chunk",
        derived=True,
        per_account=False,
        referred_as="chunks",
        target_end="-",
    ),
    KeyspaceSpec("data", "indexes", "index", "no account has its column", optional=True, per_account=False),
)
