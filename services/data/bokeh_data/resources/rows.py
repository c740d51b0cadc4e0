"""Rows and windows of a data source: parsing the query, choosing the output format, and responding."""

import json
from collections.abc import Iterator

import pyarrow as pa
from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.hashing import hash_bytes
from bokeh_common.http.responses import not_modified, set_immutable
from bokeh_data.columns.names import resolve_names, split_names
from bokeh_data.conditions.expression import resolve_columns
from bokeh_data.conditions.parser import parse_conditions
from bokeh_data.queries.output_formats import OutputFormat, find_format, formats_by_preference
from bokeh_data.queries.query import Query, QueryResult, parse_row_range
from bokeh_data.queries.reader import SourceReader
from bokeh_data.resources.blocks import OpenedBody
from bokeh_data.resources.schemas.rows import RowsQuery
from bokeh_data.sources.source import Source
from bokeh_data.storage.thread_pools import query_threads
from bokeh_data.windows.viewport import Window

#: Part of ETags; increased whenever the same query of the same columns gets another result than before.
RESULT_VERSION = 4

#: Characters of Arrow's reason why it cannot write values.
MAX_REASON_LENGTH = 200

#: The response header that says what the rows of a window are: see `WindowResult`.
KIND_HEADER = "Bokeh-Cloud-Rows"


def negotiate_format(req: Request, extension: str, query: RowsQuery) -> OutputFormat | None:
    """Return the output format of the response; None if it is the summary of the source.

    Args:
        req: the request.
        extension: of the URL; empty if it has none.
        query: the query of the request.

    Raises:
        NotFound: there is no output format with this extension.
    """
    formats = formats_by_preference()
    if extension:
        found = find_format(extension)
        if found is None:
            known = ", ".join(f".{one.extension}" for one in formats)
            raise NotFound(f"There is no output format .{extension}; choose one of {known}.")
        return found
    default = formats[0]
    preferred = None if req.accept == "*/*" else req.client_prefers([one.media_type for one in formats])
    found = next((one for one in formats if one.media_type == preferred), default)
    return found if found is not default or query.is_rows else None


def parse_query(query: RowsQuery, source: Source) -> Window | Query:
    """Return the query of rows or the window that is requested.

    Raises:
        Invalid: a parameter cannot be parsed, or parameters contradict each other.
    """
    if query.is_window:
        return _parse_window(query, source)
    where = parse_conditions([query.where] if isinstance(query.where, str) else query.where)
    if where is not None:
        where = resolve_columns(where, source.columns)
    columns = tuple(source.columns) if query.columns is None else _names(query.columns, source)
    rows = slice(0, None, 1) if query.rows is None else parse_row_range(query.rows)
    return Query(columns, rows, where, query.limit)


def used_columns(query: Window | Query) -> list[str]:
    """Return the names of the columns that are read."""
    if isinstance(query, Query):
        return list(query.used)
    return [name for name in (query.x, *query.y) if name is not None]


def open_rows(
    req: Request,
    resp: Response,
    reader: SourceReader,
    user: str,
    source: Source,
    query: Window | Query,
    output_format: OutputFormat,
) -> OpenedBody | None:
    """Open the body of a response with rows, on a thread; None, with status 304, if the client has them."""
    hashes = [column.hash for column in reader.columns(user, source, used_columns(query)).values()]
    if not_modified(req, resp, rows_etag(hashes, query, output_format)):
        return None
    if isinstance(query, Window):
        result = reader.window(user, source, query)
    else:
        result = reader.query(user, source, query)
    if not source.live or "version" in req.params:
        set_immutable(resp)
    resp.append_header("Vary", "Accept")
    return write_rows(resp, result, output_format)


def write_rows(resp: Response, result: QueryResult, output_format: OutputFormat) -> OpenedBody:
    """Write rows as the body of a response."""
    resp.content_type = output_format.media_type
    resp.set_header(KIND_HEADER, result.kind)
    try:
        written = output_format.write(result)
    except pa.ArrowException as error:
        raise _not_writable(output_format, error) from error
    return OpenedBody(_translate_errors(written.blocks, output_format), written.size, query_threads())


def _translate_errors(blocks: Iterator[bytes], output_format: OutputFormat) -> Iterator[bytes]:
    """Yield blocks; a value that the output format lacks is an error of the request."""
    try:
        yield from blocks
    except pa.ArrowException as error:
        raise _not_writable(output_format, error) from error


def _not_writable(output_format: OutputFormat, error: pa.ArrowException) -> Invalid:
    return Invalid(
        f"{output_format.label} does not have these values ({str(error)[:MAX_REASON_LENGTH]}); ask for other"
        " columns ('columns') or another format."
    )


def rows_etag(hashes: list[str], query: Window | Query, output_format: OutputFormat) -> str:
    """Return an ETag: the same query of the same columns has the same result."""
    parts = [hashes, repr(query), output_format.name, RESULT_VERSION]
    return hash_bytes(json.dumps(parts).encode())[:32]


def _parse_window(query: RowsQuery, source: Source) -> Window:
    others = (query.columns, query.rows, query.limit)
    if query.where or any(value is not None for value in others):
        raise Invalid("A window ('x', 'y', 'pixels') takes no 'columns', 'rows', 'where' or 'limit'.")
    ys = _names(query.y, source) if query.y is not None else ()
    if not ys:
        raise Invalid("Choose the columns of a window with 'y'.")
    x = None if query.x is None else resolve_names([query.x], source.columns)[0]
    return Window(x, ys, query.begin, query.end, query.pixels, query.method, query.around)


def _names(names: str | list[str], source: Source) -> tuple[str, ...]:
    parts = [names] if isinstance(names, str) else names
    split = [name for part in parts for name in split_names(part)]
    return tuple(dict.fromkeys(resolve_names(split, source.columns)))
