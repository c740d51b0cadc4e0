"""Reading rows of a data source: which, and in which form, and what they say of themselves."""

import json
from collections.abc import Callable, Iterator

import falcon
from blake3 import blake3

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.replies import immutable, not_modified
from bokeh_data import formats, rows_api
from bokeh_data.filters import MAX_CONDITIONS, parse
from bokeh_data.queries import Query, Result, parse_rows
from bokeh_data.reads import Reads
from bokeh_data.resources.base import PACKED_TYPE
from bokeh_data.sources import Source
from bokeh_data.windows import Window

JSON = "json"

#: The forms of rows by the ending of the address, and their media types.
MEDIA = {
    JSON: "application/json",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
    "packed": PACKED_TYPE,
}

#: Says what a window shows: see `windows.Seen`.
KIND = "Bokeh-Cloud-Rows"

_BLOCKS: dict[str, Callable[[Result], Iterator[bytes]]] = {
    JSON: formats.json_blocks,
    "arrow": formats.arrow_blocks,
    "parquet": formats.parquet_blocks,
    "csv": formats.csv_blocks,
}


def form_of(req: falcon.Request, ending: str, asked: rows_api.Reading) -> str | None:
    """Return the form in which rows are wanted; None when the summary is."""
    if ending:
        if ending not in MEDIA:
            raise NotFound(
                f"There is no form .{ending}; there are {', '.join('.' + name for name in MEDIA)}."
            )
        return ending
    preferred = MEDIA[JSON] if req.accept == "*/*" else req.client_prefers(list(MEDIA.values()))
    form = next((name for name, media in MEDIA.items() if media == preferred), JSON)
    return form if form != JSON or asked.rows_asked else None


def asked_of(asked: rows_api.Reading, source: Source) -> Window | Query:
    """Return what a request asks of a source; `Invalid` where its parameters do not go together."""
    if asked.window_asked:
        if asked.columns is not None or asked.rows is not None or asked.where or asked.limit is not None:
            raise Invalid("A window ('x', 'y', 'pixels') takes no 'columns', 'rows', 'where' or 'limit'.")
        ys = _names(asked.y) if asked.y is not None else ()
        if not ys:
            raise Invalid("Say with 'y' which columns a window shows.")
        return Window(asked.x, ys, asked.begin, asked.end, asked.pixels, asked.method, asked.around)
    where = [asked.where] if isinstance(asked.where, str) else asked.where
    if len(where) > MAX_CONDITIONS:
        raise Invalid(f"At most {MAX_CONDITIONS} conditions are taken.")
    conditions = tuple(condition for text in where for condition in parse(text))
    columns = tuple(source.columns) if asked.columns is None else _names(asked.columns)
    rows = slice(0, None, 1) if asked.rows is None else parse_rows(asked.rows)
    return Query(columns, rows, conditions, asked.limit)


def used_by(asked: Window | Query) -> list[str]:
    """Return the columns that are read."""
    if isinstance(asked, Query):
        return list(asked.used)
    return [name for name in (asked.x, *asked.y) if name is not None]


def answer(
    req: falcon.Request,
    resp: falcon.Response,
    reads: Reads,
    user: str,
    source: Source,
    asked: Window | Query,
    form: str,
) -> None:
    """Answer with rows."""
    hashes = [column.hash for column in reads.columns(user, source, used_by(asked)).values()]
    if not_modified(req, resp, tag_of(hashes, asked, form)):
        return
    result = (
        reads.window(user, source, asked) if isinstance(asked, Window) else reads.query(user, source, asked)
    )
    if not source.live or "version" in req.params:
        immutable(resp)
    resp.content_type = MEDIA[form]
    resp.set_header(KIND, result.kind)
    resp.append_header("Vary", "Accept")
    if form == "packed":
        resp.set_stream(*formats.packed_blocks(result))
    else:
        resp.stream = _BLOCKS[form](result)


def _names(text: str | list[str]) -> tuple[str, ...]:
    texts = [text] if isinstance(text, str) else text
    return tuple(dict.fromkeys(name for part in texts for name in part.split(",") if name))


def tag_of(hashes: list[str], asked: Window | Query, form: str) -> str:
    """Return an ETag: the same columns and the same question have the same answer."""
    return blake3(json.dumps([hashes, repr(asked), form]).encode()).hexdigest()[:32]
