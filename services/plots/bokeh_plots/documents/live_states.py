"""States of plots, as pages and event streams name them: what is shown of a plot, in a short text.

`3-9f86d081884c7d65-12.1.100.50_4.4.10.10` is version 3 with a hash of the current columns of its live
sources, and the position of each live source in the order of their ids: version, lineage, end and number of
rows, as the data service states them (`Source.position` there). Without positions, changes cannot be
described row by row.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bokeh_common.hashing import hash_bytes

#: States of more live sources have no positions, so that they fit into URLs.
MAX_SOURCES = 16

_STATE = re.compile(r"(\d{1,15})-([0-9a-f]{16})(?:-(\d{1,15}(?:[._]\d{1,15})*))?")

Position = list[int]


@dataclass(frozen=True)
class LiveState:
    """What is shown of a plot.

    Attributes:
        version: the version of the plot.
        hash: of the columns of live sources.
        positions: of the live sources, by id; empty if they are not known.
    """

    version: int
    hash: str
    positions: Mapping[str, Position] = field(default_factory=dict)

    @classmethod
    def of(
        cls, version: int, hashes: Mapping[str, Any], live: Iterable[str], current: Mapping[str, Any]
    ) -> "LiveState":
        """Return a state.

        Args:
            version: the version of the plot.
            hashes: the hashes of the drawn columns of live sources, by id and name.
            live: the ids of the live sources.
            current: the current records of those that exist.
        """
        fingerprint = hash_bytes(json.dumps(hashes, sort_keys=True).encode())[:16]
        ids = sorted(set(live))
        if len(ids) > MAX_SOURCES or not current.keys() >= set(ids):
            return cls(version, fingerprint)
        return cls(version, fingerprint, {source: position_of(current[source]) for source in ids})

    @classmethod
    def parse(cls, text: str, live: Iterable[str]) -> "LiveState | None":
        """Return the state of a text that a client has sent, given the live sources; None if it is none."""
        found = _STATE.fullmatch(text)
        if found is None:
            return None
        version, fingerprint, positions = found.groups()
        parts = [[int(n) for n in part.split(".")] for part in positions.split("_")] if positions else []
        ids = sorted(set(live))
        if len(parts) != len(ids) or any(len(part) != 4 for part in parts):
            return cls(int(version), fingerprint)
        return cls(int(version), fingerprint, dict(zip(ids, parts, strict=True)))

    @property
    def text(self) -> str:
        """The text."""
        positions = "_".join(".".join(map(str, self.positions[source])) for source in sorted(self.positions))
        return f"{self.version}-{self.hash}" + (f"-{positions}" if positions else "")


def position_of(source: Mapping[str, Any]) -> Position:
    """Return the position of a data source, from its record; older records have no lineage."""
    rows = max((column["length"] for column in source["columns"].values()), default=0)
    return [source["version"], source.get("lineage", 0), source.get("end", 0), rows]
