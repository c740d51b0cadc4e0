"""Request bodies: lists of hashes, JSON or packed values, and files that become columns."""

from collections.abc import Callable
from typing import IO, TypeVar

import falcon
from falcon.asgi import Request

from bokeh_common.errors import Invalid, TooLarge, Unavailable
from bokeh_common.http.body_memory import BODY_MEMORY
from bokeh_common.http.received_body import ReceivedBody, receive_body
from bokeh_common.http.request_body import check_length, convert_body, read_body
from bokeh_common.http.server.thread_pools import compute
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.packed import estimate_packed_memory, read_packed
from bokeh_data.columns.values import Values
from bokeh_data.container import Domain
from bokeh_data.ingest.file_types import kind_of_dtype, parse_types
from bokeh_data.queries.output_formats import PACKED_TYPE
from bokeh_data.resources.schemas.sources import FileQuery
from bokeh_data.settings import Settings
from bokeh_data.sources.drafts import Buffers
from bokeh_data.sources.source import Source
from bokeh_data.storage.thread_pools import FILE_READERS

#: The media types of bodies with values.
JSON_OR_PACKED = ("application/json", PACKED_TYPE)

#: The formats of files, see `open_table`, by their media types.
FILE_FORMATS = {
    "application/vnd.apache.arrow.stream": "arrow-stream",
    "application/vnd.apache.arrow.file": "arrow-file",
    "application/vnd.apache.parquet": "parquet",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "text/plain": "csv",
    "application/x-ndjson": "json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}

HOW_TO_SEND_FILES = (
    "Send the file itself as the body, with its media type and '?name=': "
    "curl --data-binary @rows.csv -H 'Content-Type: text/csv' '.../data?name=rows'."
)

T = TypeVar("T")

#: Commits the columns of a file, and returns the source that has them.
Commit = Callable[[dict[str, Column]], Source]


def check_count(hashes: list[str], limit: int) -> list[str]:
    """Return hashes if there are not too many."""
    if len(hashes) > limit:
        detail = f"Ask for at most {limit} hashes at a time; these are {len(hashes)}."
        raise TooLarge(detail, limit=limit)
    return hashes


async def read_values_body(req: Request, settings: Settings, schema: type[T]) -> tuple[T, Buffers]:
    """Read a body that is JSON, or packed with the buffers of its arrays.

    Args:
        req: the request.
        settings: the maximum size of bodies.
        schema: of the JSON.

    Raises:
        Invalid: the body does not have the format that its Content-Type says, or does not fit the schema.
        TooLarge: it is too large.
    """
    if media_type(req) != PACKED_TYPE:
        return await _read_json(req, settings.max_json_bytes, schema), []
    limit = settings.max_packed_bytes
    length = check_length(req, limit)
    with await receive_body(req) as body:
        if body.size != length:
            raise Invalid("The body ended before its Content-Length; send it again.", slug="not-packed")
        memory = await compute(length, lambda: estimate_packed_memory(body.blocks(limit)))
        await BODY_MEMORY.reserve(memory)
        return await compute(length, _parse_packed, body, limit, schema)


async def _read_json(req: Request, limit: int, schema: type[T]) -> T:
    """Read JSON; if the body may be a file that was sent otherwise, the error says how to send it."""
    try:
        return await read_body(req, limit, schema)
    except falcon.HTTPUnsupportedMediaType as error:
        if "json" in media_type(req):  # its encoding is not supported
            raise
        hint = f"{error.description} If it is a file: {HOW_TO_SEND_FILES}"
        raise falcon.HTTPUnsupportedMediaType(description=hint) from None


def _parse_packed(body: ReceivedBody, limit: int, schema: type[T]) -> tuple[T, Buffers]:
    value, buffers = read_packed(b"".join(body.blocks(limit)))
    return convert_body(value, schema), buffers


def media_type(req: Request) -> str:
    """Return the media type of the body, without parameters."""
    return (req.content_type or "").partition(";")[0].strip().lower()


def is_file(req: Request) -> bool:
    """Tell whether the body is a file that becomes columns."""
    return media_type(req) in FILE_FORMATS


async def read_file(req: Request, user: str, limit: int, use: Callable[[str, IO[bytes]], T]) -> T:
    """Return the result of a function of the file in the body, which is called on a thread.

    Args:
        req: the request.
        user: the account that sent it.
        limit: the maximum size of the file, in bytes.
        use: gets the format of the file, see `open_table`, and the file.

    Raises:
        Invalid: the body has no media type of a file, or ended too early.
        TooLarge: the file has more than `limit` bytes.
        Unavailable: others, or other files of the account, are being read for too long.
    """
    length = check_length(req, limit)
    if not is_file(req):
        raise Invalid(f"Send a file with one of the media types {', '.join(FILE_FORMATS)}.")
    with await receive_body(req) as body:
        if body.size != length:
            raise Invalid("The file ended before its Content-Length; send it again.")
        file_format = FILE_FORMATS[media_type(req)]
        return await FILE_READERS.run(user, _use_file, body, limit, file_format, use)


def _use_file(body: ReceivedBody, limit: int, file_format: str, use: Callable[[str, IO[bytes]], T]) -> T:
    with body.open_file(limit) as file:
        return use(file_format, file)


async def commit_file(
    req: Request, domain: Domain, user: str, query: FileQuery, commit: Commit
) -> tuple[Source, list[str]]:
    """Store the columns of the file in the body, and commit them; return the source, and notes on the file.

    Raises:
        Unavailable: chunks were deleted since they were stored.
        CloudError: as `FileIngest.store_columns`.
    """
    types = parse_types(query.types)

    def store(file_format: str, file: IO[bytes]) -> tuple[Source, list[str]]:
        stored = domain.ingest.store_columns(user, file_format, file, types)
        return _commit(stored.columns, commit), stored.notes

    return await read_file(req, user, domain.settings.max_file_bytes, store)


def _commit(columns: dict[str, Column], commit: Commit) -> Source:
    try:
        return commit(columns)
    except Invalid as error:
        if error.kind != "missing-chunks":
            raise
        raise Unavailable("Some chunks were deleted while the file was stored; send it again.") from None


async def rows_of_file(
    req: Request, domain: Domain, user: str, source: Source, query: FileQuery
) -> dict[str, Values]:
    """Return the rows of the file in the body; types that are not given are those of the source."""
    given = parse_types(query.types)
    kinds = {name: kind_of_dtype(column["dtype"]) for name, column in source.columns.items()}

    def read(file_format: str, file: IO[bytes]) -> dict[str, Values]:
        known = {name: kind for name, kind in kinds.items() if kind} if file_format == "csv" else {}
        return domain.ingest.read_rows(file_format, file, known | given)

    return await read_file(req, user, domain.settings.max_packed_bytes, read)
