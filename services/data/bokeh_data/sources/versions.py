"""Old versions of live sources: reading them, and which of them are kept."""

import logging
from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta

from bokeh_common.errors import NotFound, Unavailable
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_common.timestamps import parse_timestamp
from bokeh_data.clients import PlotsClient, ShownVersions
from bokeh_data.sources.retention import RetentionPolicy
from bokeh_data.sources.source import Source
from bokeh_data.storage.repository import DataRepository

#: Old versions are pruned after every so many commits, since this asks the plots service which columns plots
#: show.
PRUNE_EVERY = 32
PAGE = 1000

log = logging.getLogger(__name__)


class SourceHistory:
    """The old versions of live sources."""

    def __init__(self, repository: DataRepository, plots: PlotsClient) -> None:
        self._repository = repository
        self._plots = plots

    def at(self, user: str, source: Source, version: int | None) -> Source:
        """Return a version of a source; the current one for None.

        Raises:
            NotFound: that version is not kept.
        """
        if version in (None, source.version):
            return source
        found = None
        if 1 <= (version or 0) < source.version:
            found = self._repository.find_version(user, source.id, version or 0)
        if found is None:
            raise NotFound(f"Version {version} of this source is not kept; its newest is {source.version}.")
        return Source.from_record(found)

    def page(self, user: str, source: Source, after: int, limit: int) -> list[Source]:
        """Return the kept versions with numbers greater than `after`, oldest first, the current one last."""
        found = self._repository.versions(user, source.id, after, limit)
        older = [one for one in map(Source.from_record, found) if one.version < source.version]
        return [*older, source] if len(older) < limit and after < source.version else older

    def columns_not_in(self, user: str, live: Mapping[str, ShownVersions], columns: list[str]) -> list[str]:
        """Return those of `columns` that are in none of the shown versions of live sources, by their ids."""
        for source_id, shown in live.items():
            if columns and shown.since is not None:
                columns = self._columns_not_in_source(user, source_id, shown.since, set(shown.names), columns)
        return columns

    def _columns_not_in_source(
        self, user: str, source_id: str, since: int, names: Set[str], columns: list[str]
    ) -> list[str]:
        rest, after = set(columns), since - 1
        while rest and (page := self._repository.versions(user, source_id, after, PAGE)):
            kept = [Source.from_record(value) for value in page]
            rest -= {column for one in kept for name, column in one.hashes.items() if name in names}
            after = kept[-1].version
        return [column for column in columns if column in rest]

    async def after_commit(self, user: str, source: Source) -> None:
        """Prune old versions after some of the commits; if that is not possible, later ones prune them."""
        if source.version % PRUNE_EVERY == 0:
            try:
                await self.prune(user, source)
            except Unavailable as error:
                log.warning("Old versions of the source %s were not pruned: %s", source.id, error)

    async def prune(self, user: str, source: Source) -> list[int]:
        """Delete the old versions that need not be kept, and return their numbers.

        Raises:
            Unavailable: the storage or the plots service does not respond.
        """
        expired = await STORAGE.run(self._expired, user, source)
        if not expired:
            return []
        shown = await self._plots.shown_columns(user, source.id)
        pruned = [one.version for one in expired if not shown & set(one.hashes.values())]
        await STORAGE.run(self._delete, user, source.id, pruned)
        return pruned

    def _expired(self, user: str, source: Source) -> list[Source]:
        policy = RetentionPolicy(**source.keep)
        return [one for one in self._older(user, source) if _is_expired(one, source, policy)]

    def _delete(self, user: str, source_id: str, versions: list[int]) -> None:
        for version in versions:
            self._repository.delete_version(user, source_id, version)

    def _older(self, user: str, source: Source) -> list[Source]:
        found, after = [], 0
        while page := self._repository.versions(user, source.id, after, PAGE):
            found += [Source.from_record(value) for value in page]
            after = found[-1].version
        return [one for one in found if one.version < source.version]


def _is_expired(one: Source, source: Source, policy: RetentionPolicy) -> bool:
    if one.version <= source.version - policy.versions:
        return True
    if policy.days is None:
        return False
    return parse_timestamp(one.modified) < datetime.now(UTC) - timedelta(days=policy.days)
