"""Sends what the server does not have yet: chunks first, then the data sources that are made of them."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from .columns import Column
from .connection import UPLOADS, Connection
from .progress import progress

ASKED_AT_ONCE = 10_000  # hashes; the server takes no more


def upload_chunks(
    connection: Connection, user: str, columns: Iterable[Column], label: str, show: bool = True
) -> None:
    """Send each chunk that the server says is missing, once; `label` stands at the progress bar, if any.

    Raises:
        CloudError: see `Connection.request`; what has arrived by then need not be sent again.
    """
    folder = f"/{quote(user)}/data/chunks"
    chunks = {chunk.hash: chunk.data for column in columns for chunk in column.chunks}
    missing = _missing(connection, folder, list(chunks))

    def send(name: str) -> int:
        headers = {"Content-Type": "application/octet-stream"}
        connection.request("PUT", f"{folder}/{name}", data=chunks[name], headers=headers)
        return len(chunks[name])

    with (
        progress(label, sum(len(chunks[name]) for name in missing), show) as advance,
        ThreadPoolExecutor(UPLOADS) as pool,
    ):
        for sent in pool.map(send, missing):
            advance(sent)


def create_sources(
    connection: Connection,
    user: str,
    sources: Mapping[str, Mapping[str, Column]],
    names: Sequence[str] | None = None,
) -> list[str]:
    """Make a data source of the columns of each key, and return their ids in the same order.

    They are called by their keys, or by `names`, which need not differ.

    A source with the same columns as one that is there already has its id.
    """

    def create(key: str, name: str) -> str:
        columns = {key: column.manifest() for key, column in sources[key].items()}
        body = {"name": name, "columns": columns}
        summary: dict[str, Any] = connection.json("POST", f"/{quote(user)}/data", json=body)
        return str(summary["id"])

    with ThreadPoolExecutor(UPLOADS) as pool:
        return list(pool.map(create, sources, names or sources))


def _missing(connection: Connection, folder: str, hashes: Sequence[str]) -> list[str]:
    missing: list[str] = []
    for start in range(0, len(hashes), ASKED_AT_ONCE):
        body = {"chunks": hashes[start : start + ASKED_AT_ONCE]}
        missing += connection.json("POST", f"{folder}/missing", json=body)["missing"]
    return missing
