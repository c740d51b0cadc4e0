"""The garbage of an account: listing its orphans, and collecting them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bokeh_cloud.account import AccountClient


@dataclass(frozen=True, slots=True)
class OrphanedObject:
    """An object to which nothing refers.

    Attributes:
        id: of the object.
        kind: of the object, such as chunk.
        bytes: its size.
        age: in seconds.
        why: it is an orphan.
    """

    id: str
    kind: str
    bytes: int
    age: float
    why: str


@dataclass(frozen=True, slots=True)
class CollectionReport:
    """What a run of the garbage collector deleted.

    Attributes:
        dry_run: whether it only reported what it would delete.
        freed: numbers of deleted objects by kind.
        bytes: total size of the deleted objects.
    """

    dry_run: bool
    freed: Mapping[str, int]
    bytes: int


class GarbageClient:
    """`Server.gc`; the API key needs the scope `gc:run`."""

    def __init__(self, account: AccountClient):
        self._account = account

    def orphans(self) -> Iterator[OrphanedObject]:
        """Yield objects to which nothing refers, but for recently used ones, which may be used again.

        Raises:
            CloudError: see `Connection.request`.
        """
        for page in self._account.pages(f"{self._path}/orphans"):
            for item in page["orphans"]:
                yield OrphanedObject(**{name: item[name] for name in OrphanedObject.__slots__})

    def run(self, *, dry_run: bool = False) -> CollectionReport:
        """Delete orphans, or with `dry_run` only report which would be deleted."""
        report: dict[str, Any] = self._account.connection.json(
            "POST", f"{self._path}/run", json={"dry_run": dry_run}
        )
        return CollectionReport(**{name: report[name] for name in CollectionReport.__slots__})

    @property
    def _path(self) -> str:
        return f"{self._account.user_path}/gc"
