"""Frozen data sources, which belong to published documents.

The id of a frozen source is derived from its columns, so the same columns are the same source, however often
and in however many plots they are published.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bokeh_common.hashing import hash_bytes
from bokeh_common.timestamps import current_timestamp
from bokeh_data.accounts.columns import AccountColumns
from bokeh_data.columns.drawn_times import check_type
from bokeh_data.columns.manifest import Column, parse_column
from bokeh_data.sources.limits import SOURCE_LIMITS, SourceLimits
from bokeh_data.sources.source import Source, column_summaries, encode_source_id
from bokeh_data.storage.repository import DataRepository


class FrozenSources:
    """Creates frozen sources, for one account at a time."""

    def __init__(
        self, repository: DataRepository, columns: AccountColumns, limits: SourceLimits = SOURCE_LIMITS
    ) -> None:
        self._repository = repository
        self._columns = columns
        self._limits = limits

    def create(self, user: str, name: str, columns: Mapping[str, Any]) -> tuple[Source, bool]:
        """Commit a frozen source.

        Args:
            user: the account.
            name: the name that users see; a source that exists keeps its name.
            columns: manifests by name, see `parse_column`; with `type` for drawn times, see `drawn_times`.

        Returns:
            the source, and whether it was created.

        Raises:
            Invalid: the name or a manifest is invalid, or names chunks that are not stored
                (`missing-chunks`).
            TooLarge: there are too many columns.
        """
        self._limits.check(name, columns)
        return self.freeze(user, name, {key: _parse(key, spec) for key, spec in columns.items()})

    def freeze(self, user: str, name: str, columns: Mapping[str, Column]) -> tuple[Source, bool]:
        """Commit a frozen source of columns that are parsed already; see `create`."""
        source_id = _derive_id(columns)
        if (known := self._repository.find_source(user, source_id)) is not None:
            self._repository.touch_source(user, source_id)
            return Source.from_record(known), False
        stored = self._columns.commit(user, columns)
        committed = {key: replace(column, drawn=columns[key].drawn) for key, column in stored.items()}
        time = current_timestamp()
        source = Source(source_id, name, 1, column_summaries(committed), created=time, modified=time)
        return source, self._repository.add_source(user, source.id, source.record, list(committed.values()))


def _parse(name: str, spec: Any) -> Column:
    column = parse_column(name, spec)
    return replace(column, drawn=check_type(name, spec.get("type")))


def _derive_id(columns: Mapping[str, Column]) -> str:
    parts = {
        name: column.hash if column.drawn is None else [column.hash, column.drawn]
        for name, column in columns.items()
    }
    content = json.dumps(parts, sort_keys=True)
    return encode_source_id(bytes.fromhex(hash_bytes(content.encode()))[:16])
