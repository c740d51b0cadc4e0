"""Fetches a published document: its scene, and its columns in as few requests as the server allows."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import requests
from bokeh.core.serialization import Buffer, DeserializationError, Serialized
from bokeh.core.types import ID
from bokeh.document import Document
from urllib3.exceptions import HTTPError

from .connection import Connection
from .errors import CloudError, ServerUnreachable
from .scene import assemble, column_hashes

ASKED_AT_ONCE = 1000  # columns; the server takes no more
LENGTH = struct.Struct("<Q")


def document_of(connection: Connection, user: str, scene_path: str) -> Serialized[Any]:
    """Return the document whose scene is at a path, with its data.

    Raises:
        CloudError: see `Connection.request`; also for data that do not fit the scene.
    """
    scene = connection.json("GET", scene_path)
    hashes = column_hashes(scene)
    columns = dict(zip(hashes, fetch_columns(connection, user, hashes), strict=True))
    try:
        content, buffers = assemble(scene, columns)
    except ValueError as error:
        raise CloudError(f"The stored data of this plot are damaged: {error}.") from error
    return Serialized(content, [Buffer(ID(name), data) for name, data in buffers.items()])


def as_document(content: Serialized[Any]) -> Document:
    """Return a Bokeh Document; raises CloudError for custom models, which Bokeh cannot make from JSON."""
    try:
        return Document.from_json(content)
    except DeserializationError as error:
        raise CloudError(f"This document cannot be made in this Python ({error}); take to_json().") from error


def fetch_columns(connection: Connection, user: str, hashes: Sequence[str]) -> Iterator[bytes]:
    """Return the bytes of columns, in the order of their hashes."""
    for start in range(0, len(hashes), ASKED_AT_ONCE):
        body = {"columns": list(hashes[start : start + ASKED_AT_ONCE])}
        with connection.request("POST", f"/{quote(user)}/data/columns", json=body, stream=True) as response:
            for _ in body["columns"]:
                (size,) = LENGTH.unpack(_exactly(response, LENGTH.size))
                yield _exactly(response, size)


def _exactly(response: requests.Response, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        try:
            part = response.raw.read(size, decode_content=True)
        except HTTPError as error:
            raise ServerUnreachable(
                f"The connection broke while data came in ({error}); try again."
            ) from error
        if not part:
            raise ServerUnreachable("The connection ended in the middle of the data; try again.")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
