"""Writes models as JSON: puts placeholders for columns into them, and replaces these by the columns.

Small columns are requested together, for a batch of models; large ones are read in blocks.
"""

import json
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bokeh_common.errors import Invalid
from bokeh_common.http.server.thread_pools import COMPUTE
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.packed import MAX_UNPACKED_BYTES, InlinedBytes, inlined, unpack

#: Columns of at most this size are requested together, in batches of at most so many bytes and columns.
SMALL_BYTES = 1 << 18
BATCH_BYTES = 8 << 20
BATCH_COLUMNS = 500

#: Bytes that are written in one call on a thread.
BLOCK_BYTES = 1 << 18


@dataclass
class FoundModel:
    """A model as JSON text, with placeholders for its columns, and the sizes of these columns by hash."""

    text: str
    sizes: dict[str, int]


@dataclass
class ModelBatch:
    """Models whose small columns are requested together."""

    models: list[FoundModel] = field(default_factory=list)
    small: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def add(self, model: FoundModel) -> bool:
        """Add a model; return whether the columns should be requested now."""
        self.models.append(model)
        new = {h: n for h, n in model.sizes.items() if n <= SMALL_BYTES and h not in self.small}
        self.small.update(new)
        self.size += len(model.text) + sum(new.values())
        return len(self.small) >= BATCH_COLUMNS or self.size >= BATCH_BYTES


@dataclass(frozen=True)
class LargeColumn:
    """A column that is read and written in blocks; `kind` is "bytes" or "packed"."""

    hash: str
    kind: str


class ModelWriter:
    """Writes the response to one request."""

    def __init__(self, data: DataClient, user: str, authorization: str | None) -> None:
        self._data = data
        self._user = user
        self._authorization = authorization
        # No document can contain this, so a string that looks like a placeholder is not mistaken for one.
        self._mark = secrets.token_hex(16)
        self._placeholders = re.compile(rf'"{self._mark}:(bytes|packed):([^"\\]+)"')

    def with_placeholders(self, value: dict[str, Any], sizes: dict[str, int]) -> FoundModel:
        """Return a model with placeholders for its columns; `sizes` has the sizes of all columns by hash."""
        used: dict[str, int] = {}
        return FoundModel(json.dumps(self._replaced(value, sizes, used)), used)

    async def blocks(
        self, first: ModelBatch, others: AsyncIterator[ModelBatch], missing: list[str]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the response; `missing` is complete when the batches have been consumed."""
        async for block in self._batch(first, b'{"objects": ['):
            yield block
        async for batch in others:
            async for block in self._batch(batch, b", "):
                yield block
        yield b'], "missing": ' + json.dumps(missing).encode() + b"}"

    async def _batch(self, batch: ModelBatch, separator: bytes) -> AsyncIterator[bytes]:
        small = await self._data.values(self._user, list(batch.small), self._authorization)
        parts = self._parts(batch.models, small, separator)
        while any(found := await COMPUTE.run(_next_block, parts)):
            text, column = found
            if text:
                yield text
            if column is not None:
                async for block in self._large(column):
                    yield block

    def _parts(
        self, models: list[FoundModel], small: Mapping[str, bytes], separator: bytes
    ) -> Iterator[bytes | LargeColumn]:
        for model in models:
            yield separator
            yield from self._with_columns(model, small)
            separator = b", "

    def _with_columns(self, model: FoundModel, small: Mapping[str, bytes]) -> Iterator[bytes | LargeColumn]:
        parts = self._placeholders.split(model.text)
        yield parts[0].encode()
        for kind, column, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            if column in small:
                yield inlined(small[column]) if kind == "bytes" else _unpacked(column, small[column])
            elif kind == "packed" and model.sizes[column] > MAX_UNPACKED_BYTES:
                yield _reference(column)
            else:
                yield LargeColumn(column, kind)
            yield text.encode()

    async def _large(self, column: LargeColumn) -> AsyncIterator[bytes]:
        stream = await self._data.column(self._user, column.hash, self._authorization)
        try:
            if column.kind == "packed":
                yield await COMPUTE.run(_unpacked, column.hash, await stream.read_all())
                return
            writer = InlinedBytes()
            async for block in stream:
                if text := await COMPUTE.run(writer.add, block):
                    yield text
            yield writer.end()
        finally:
            await stream.close()

    def _replaced(self, value: Any, sizes: dict[str, int], used: dict[str, int]) -> Any:
        if isinstance(value, list):
            return [self._replaced(item, sizes, used) for item in value]
        if not isinstance(value, dict):
            return value
        column = value["data"].get("id") if isinstance(value.get("data"), dict) else None
        if value.get("type") in ("bytes", "packed") and column in sizes:
            used[column] = sizes[column]
            return f"{self._mark}:{value['type']}:{column}"
        return {key: self._replaced(item, sizes, used) for key, item in value.items()}


def _next_block(parts: Iterator[bytes | LargeColumn]) -> tuple[bytes, LargeColumn | None]:
    """Return the text up to the next large column, if it is not long; nothing at the end."""
    text = bytearray()
    for part in parts:
        if isinstance(part, LargeColumn):
            return bytes(text), part
        text += part
        if len(text) >= BLOCK_BYTES:
            break
    return bytes(text), None


def _unpacked(column: str, data: bytes) -> bytes:
    """Return the JSON of a packed column; a damaged one stays a reference."""
    try:
        return json.dumps(unpack(data), allow_nan=False).encode()
    except (Invalid, ValueError, RecursionError):
        return _reference(column)


def _reference(column: str) -> bytes:
    return json.dumps({"type": "packed", "data": {"id": column}}).encode()
