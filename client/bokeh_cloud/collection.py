"""The garbage collector of an account: what nothing refers to any more, and freeing it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from .server import Server


@dataclass(frozen=True, slots=True)
class Orphan:
    """Something that nothing refers to; `age` in seconds."""

    id: str
    kind: str
    bytes: int
    age: float
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run freed, or would free: numbers of things by their kind, and bytes."""

    dry_run: bool
    freed: Mapping[str, int]
    bytes: int


class Collection:
    """`cloud.gc`; the key in use needs the scope `gc:run`."""

    def __init__(self, server: "Server"):
        self._server = server

    def orphans(self) -> Iterator[Orphan]:
        """Yield what nothing refers to; what was used of late is left out, as it may be in use again.

        Raises:
            CloudError: see `Connection.request`.
        """
        for page in self._server.pages(f"{self._path}/orphans"):
            for item in page["orphans"]:
                yield Orphan(**{name: item[name] for name in Orphan.__slots__})

    def run(self, *, dry_run: bool = False) -> Report:
        """Free it, or with `dry_run` only tell what would be freed."""
        found: dict[str, Any] = self._server.connection.json(
            "POST", f"{self._path}/run", json={"dry_run": dry_run}
        )
        return Report(**{name: found[name] for name in Report.__slots__})

    @property
    def _path(self) -> str:
        return f"/{quote(self._server.user_id)}/gc"
