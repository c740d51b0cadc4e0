"""Drafts: what a client sends to create or change a live source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bokeh_data.sources.retention import RetentionPolicy

Buffers = list[memoryview]


@dataclass(frozen=True)
class SourceDraft:
    """What a client sends to create or change a live source; None for what it leaves out.

    Attributes:
        name: the name that users see.
        columns: by name a manifest, `{"hash": ...}`, values (see `from_json`), `Values` or `Column`.
        buffers: of a packed body, to which values refer.
        keep: which old versions are kept.
        id: of the source, if one is created again with its history.
        version: the number of the version, likewise.
    """

    name: str | None = None
    columns: Mapping[str, Any] | None = None
    buffers: Buffers = field(default_factory=list)
    keep: RetentionPolicy | None = None
    id: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class RowsDraft:
    """Rows that a client sends to append.

    Attributes:
        columns: values for each column, see `from_json`, or `Values`.
        buffers: of a packed body, to which values refer.
        rollover: how many rows the source keeps; None for all.
        key: the idempotency key; rows are appended once for each key.
    """

    columns: Mapping[str, Any]
    buffers: Buffers = field(default_factory=list)
    rollover: int | None = None
    key: str | None = None
