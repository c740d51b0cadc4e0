"""Uploads data that the server does not have: first chunks, then the data sources that refer to them."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from bokeh_cloud.columns.chunked_column import ChunkedColumn
from bokeh_cloud.connection import PARALLEL_REQUESTS, Connection
from bokeh_cloud.progress import progress

HASHES_PER_REQUEST = 10_000  # the server's limit


def upload_chunks(
    connection: Connection, user: str, columns: Iterable[ChunkedColumn], label: str, show: bool = True
) -> None:
    """Upload each chunk that the server does not have, once.

    Args:
        connection: to the server.
        user: the account.
        columns: whose chunks are uploaded.
        label: of the progress bar.
        show: whether to show a progress bar.

    Raises:
        CloudError: see `Connection.request`; chunks that were uploaded before that need not be sent again.
    """
    path = f"/{quote(user)}/data/chunks"
    chunks = {chunk.hash: chunk.data for column in columns for chunk in column.chunks}
    missing = _missing_chunks(connection, path, chunks)

    def upload(name: str) -> int:
        headers = {"Content-Type": "application/octet-stream"}
        connection.request("PUT", f"{path}/{name}", data=chunks[name], headers=headers)
        return len(chunks[name])

    with (
        progress(label, sum(len(chunks[name]) for name in missing), show) as advance,
        ThreadPoolExecutor(PARALLEL_REQUESTS) as pool,
    ):
        for size in pool.map(upload, missing):
            advance(size)


def create_sources(
    connection: Connection,
    user: str,
    sources: Mapping[str, Mapping[str, ChunkedColumn]],
    names: Sequence[str] | None = None,
    types: Sequence[Mapping[str, str]] | None = None,
) -> list[str]:
    """Create frozen data sources, and return their ids in the same order.

    The id is derived from the columns, so that two sources with equal columns have the same id.

    Args:
        connection: to the server.
        user: the account.
        sources: the columns of each source.
        names: of the sources, not necessarily different; by default the keys of `sources`.
        types: of columns of times, see `drawn_times`, for each source.
    """

    def create(key: str, name: str, known: Mapping[str, str]) -> str:
        columns = {key: column.manifest() for key, column in sources[key].items()}
        columns = {
            key: {**spec, "type": known[key]} if key in known else spec for key, spec in columns.items()
        }
        body = {"name": name, "columns": columns}
        summary: dict[str, Any] = connection.json("POST", f"/{quote(user)}/data", json=body)
        return str(summary["id"])

    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
        return list(pool.map(create, sources, names or sources, types or [{}] * len(sources)))


def _missing_chunks(connection: Connection, path: str, chunks: Mapping[str, memoryview]) -> list[str]:
    """Return what the server lacks; it refuses what exceeds the quota, before anything is sent."""
    missing: list[str] = []
    hashes = list(chunks)
    for start in range(0, len(hashes), HASHES_PER_REQUEST):
        names = hashes[start : start + HASHES_PER_REQUEST]
        body = {"chunks": names, "sizes": [len(chunks[name]) for name in names]}
        missing += connection.json("POST", f"{path}/missing", json=body)["missing"]
    return missing
