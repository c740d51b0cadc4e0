"""Models with their columns, of which small ones are requested together and large ones in blocks."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import httpx
import pytest

from bokeh_common.http.client.service_client import ResponseStream, ServiceClient
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.packed import MAX_UNPACKED_BYTES
from bokeh_plots.plots.model_writer import SMALL_BYTES, ModelBatch, ModelWriter

STRINGS = (28).to_bytes(4, "little") + b'{"buffers":[],"value":["a"]}'


class Columns(DataClient):
    """A data service that has these columns."""

    def __init__(self, columns: dict[str, bytes]) -> None:
        super().__init__(ServiceClient("http://unreachable.invalid"))
        self.columns = columns
        self.requests: list[list[str]] = []

    async def values(self, user: str, columns: list[str], authorization: str | None) -> dict[str, bytes]:
        self.requests.append(columns)
        return {column: self.columns[column] for column in columns}

    async def column(self, user: str, column: str, authorization: str | None) -> ResponseStream:
        async def blocks() -> AsyncIterator[bytes]:
            data = self.columns[column]
            for start in range(0, len(data), 100_000):
                yield data[start : start + 100_000]

        return ResponseStream(httpx.Response(200, content=blocks()))


def leaf(column: str, kind: str = "bytes") -> dict[str, Any]:
    return {"type": kind, "data": {"id": column}}


def write(columns: dict[str, bytes], sizes: dict[str, int], *batches: list[Any]) -> tuple[Any, Columns]:
    """Return the parsed response for batches of models, and the data service."""
    data = Columns(columns)
    writer = ModelWriter(data, "ada", None)

    def batch_of(models: list[Any]) -> ModelBatch:
        batch = ModelBatch()
        for model in models:
            batch.add(writer.with_placeholders(model, sizes))
        return batch

    async def others() -> AsyncIterator[ModelBatch]:
        for models in batches[1:]:
            yield batch_of(models)

    async def read() -> bytes:
        return b"".join([block async for block in writer.blocks(batch_of(batches[0]), others(), ["x.p9"])])

    return json.loads(asyncio.run(read())), data


def bytes_of(inlined: dict[str, Any]) -> bytes:
    assert inlined["type"] == "bytes"
    return gzip.decompress(base64.b64decode(inlined["data"]))


def test_small_and_large_columns_are_inlined_where_they_are_referred_to() -> None:
    columns = {"large": Random(1).randbytes(SMALL_BYTES + 1), "small": b"12345678"}
    sizes = {name: len(data) for name, data in columns.items()}
    first = [{"a": leaf("small"), "b": [leaf("large"), "text"]}, {"c": 1}]
    answer, data = write(columns, sizes, first, [{"d": leaf("small")}])
    assert data.requests == [["small"], ["small"]]
    assert answer["missing"] == ["x.p9"]
    one, two, three = answer["objects"]
    assert bytes_of(one["a"]) == columns["small"]
    assert bytes_of(one["b"][0]) == columns["large"]
    assert (one["b"][1], two) == ("text", {"c": 1})
    assert bytes_of(three["d"]) == columns["small"]


@pytest.mark.parametrize(
    ("data", "size", "written"),
    [
        (STRINGS, len(STRINGS), ["a"]),
        (STRINGS, SMALL_BYTES + 1, ["a"]),
        (b"damaged", 7, leaf("t", "packed")),
        (b"damaged", SMALL_BYTES + 1, leaf("t", "packed")),
        (b"never read", MAX_UNPACKED_BYTES + 1, leaf("t", "packed")),
    ],
)
def test_packed_columns_are_unpacked_unless_damaged_or_too_large(
    data: bytes, size: int, written: object
) -> None:
    answer, _ = write({"t": data}, {"t": size}, [{"t": leaf("t", "packed")}])
    assert answer["objects"] == [{"t": written}]


def test_a_reference_to_no_column_stays_as_it_is() -> None:
    answer, data = write({}, {}, [{"a": leaf("elsewhere")}])
    assert answer["objects"] == [{"a": leaf("elsewhere")}]
    assert data.requests == [[]]
