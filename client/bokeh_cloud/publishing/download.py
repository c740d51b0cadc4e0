"""Downloads a published document: its scene, and its columns in as few requests as the server allows."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import requests
from bokeh.core.serialization import Buffer, DeserializationError, Serialized
from bokeh.core.types import ID
from bokeh.document import Document
from urllib3.exceptions import HTTPError

from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import CloudError, ServerUnreachable
from bokeh_cloud.publishing.json_values import restore_values
from bokeh_cloud.publishing.scene import assemble_document, column_hashes

COLUMNS_PER_REQUEST = 1000  # the server's limit
LENGTH = struct.Struct("<Q")


def fetch_document(connection: Connection, user: str, scene_path: str) -> Serialized[Any]:
    """Download the document whose scene is at a path of the API, and its data.

    Raises:
        CloudError: see `Connection.request`; also if the data do not fit the scene.
    """
    scene = connection.json("GET", scene_path)
    hashes = column_hashes(scene)
    columns = dict(zip(hashes, fetch_columns(connection, user, hashes), strict=True))
    try:
        content, buffers = assemble_document(scene, columns)
    except ValueError as error:
        raise CloudError(f"The stored data of this plot are damaged: {error}.") from error
    return Serialized(content, [Buffer(ID(name), data) for name, data in buffers.items()])


def to_document(content: Serialized[Any]) -> Document:
    """Deserialise a document; raises CloudError for custom models, which Bokeh cannot create from JSON."""
    try:
        return Document.from_json(Serialized(restore_values(content.content), content.buffers))
    except DeserializationError as error:
        raise CloudError(f"Bokeh cannot deserialise this document ({error}); use to_json().") from error


def fetch_columns(connection: Connection, user: str, hashes: Sequence[str]) -> Iterator[bytes]:
    """Yield the bytes of columns, in the order of their hashes."""
    for start in range(0, len(hashes), COLUMNS_PER_REQUEST):
        body = {"columns": list(hashes[start : start + COLUMNS_PER_REQUEST])}
        with connection.request("POST", f"/{quote(user)}/data/columns", json=body, stream=True) as response:
            for _ in body["columns"]:
                (size,) = LENGTH.unpack(_read_exactly(response, LENGTH.size))
                yield _read_exactly(response, size)


def _read_exactly(response: requests.Response, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        try:
            part = response.raw.read(size, decode_content=True)
        except HTTPError as error:
            raise ServerUnreachable(
                f"The connection was lost during a download ({error}); try again."
            ) from error
        if not part:
            raise ServerUnreachable("The connection was closed during a download; try again.")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
