"""Old versions of live sources: reading them, and which of them are kept."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bokeh_common.errors import Invalid, NotFound
from bokeh_data.peers import Plots
from bokeh_data.records import Records
from bokeh_data.sources import Source

#: Versions between two times that old ones are forgotten: it asks another service what plots show.
EVERY = 32
PAGE = 1000


@dataclass(frozen=True)
class Keep:
    """Which old versions are kept: the newest one, those that a plot shows, and of the others these.

    Attributes:
        versions: the newest so many.
        days: and none of them that was replaced longer ago; None for no such limit.
    """

    versions: int = 100
    days: float | None = None

    @classmethod
    def parse(cls, value: Any) -> "Keep":
        """Check what a client says; `Invalid`."""
        if value is None:
            return cls()
        if not isinstance(value, dict) or value.keys() - {"versions", "days"}:
            raise Invalid("'keep' must be an object with 'versions', 'days' or both.")
        keep = cls(**value)
        if type(keep.versions) is not int or not 1 <= keep.versions <= 10_000:
            raise Invalid("'versions' to keep must be a number from 1 to 10000.")
        if keep.days is not None and (type(keep.days) not in (int, float) or not 0 <= keep.days <= 36_500):
            raise Invalid("'days' to keep versions must be a number from 0 to 36500, or null.")
        return keep

    @property
    def record(self) -> dict[str, Any]:
        """What is stored."""
        return asdict(self)


class Versions:
    """The old versions of live sources."""

    def __init__(self, records: Records, plots: Plots) -> None:
        self._records = records
        self._plots = plots

    def at(self, user: str, source: Source, version: int | None) -> Source:
        """Return a source as it was; `NotFound` when that version is not kept."""
        if version in (None, source.version):
            return source
        found = (
            self._records.find_version(user, source.id, version)
            if 1 <= (version or 0) < source.version
            else None
        )
        if found is None:
            raise NotFound(f"Version {version} of this source is not kept; its newest is {source.version}.")
        return Source.of(found)

    def page(self, user: str, source: Source, after: int, limit: int) -> list[Source]:
        """Return the kept versions that are greater than `after`, oldest first, the newest last."""
        found = [Source.of(value) for value in self._records.versions(user, source.id, after, limit)]
        older = [one for one in found if one.version < source.version]
        return [*older, source] if len(older) < limit and after < source.version else older

    def not_in(self, user: str, source_id: str, columns: list[str]) -> list[str]:
        """Return those of `columns` that no kept version of a source has."""
        rest, after = set(columns), 0
        while rest and (page := self._records.versions(user, source_id, after, PAGE)):
            kept = [Source.of(value) for value in page]
            rest -= {column for one in kept for column in one.hashes.values()}
            after = kept[-1].version
        return [column for column in columns if column in rest]

    def after_commit(self, user: str, source: Source) -> None:
        """Forget old versions, now and then."""
        if source.version % EVERY == 0:
            self.prune(user, source)

    def prune(self, user: str, source: Source) -> list[int]:
        """Forget the versions that nothing asks to keep, and return their numbers."""
        keep = Keep.parse(source.keep or None)
        doomed = [one for one in self._older(user, source) if _may_go(one, source, keep)]
        if not doomed:
            return []
        shown = self._plots.shown_columns(user, source.id)
        gone = [one.version for one in doomed if not shown & set(one.hashes.values())]
        for version in gone:
            self._records.remove_version(user, source.id, version)
        return gone

    def _older(self, user: str, source: Source) -> list[Source]:
        found, after = [], 0
        while page := self._records.versions(user, source.id, after, PAGE):
            found += [Source.of(value) for value in page]
            after = found[-1].version
        return [one for one in found if one.version < source.version]


def _may_go(one: Source, source: Source, keep: Keep) -> bool:
    if one.version <= source.version - keep.versions:
        return True
    if keep.days is None:
        return False
    return datetime.fromisoformat(one.modified) < datetime.now(UTC) - timedelta(days=keep.days)
