"""Every parser that a client can reach, as a function of the bytes or characters that it parses."""

import io
from collections.abc import Callable
from typing import Any

import falcon.testing
import msgspec
import pyarrow as pa
from falcon.asgi import Request, Response

from bokeh_auth.accounts.identifiers import normalize_email, normalize_username
from bokeh_auth.credentials.secret import is_well_formed
from bokeh_auth.credentials.share_links import ORIGIN
from bokeh_common import tar_stream
from bokeh_common.http.auth.access import bearer_token
from bokeh_common.http.context.trace import continue_trace
from bokeh_common.http.json_parser import parse_json
from bokeh_common.http.middleware.compression import decode_body
from bokeh_common.http.request_body import read_query
from bokeh_common.http.responses import if_match, not_modified, read_page_query
from bokeh_common.redaction import redact
from bokeh_common.storage.key_encoding import decode, encode
from bokeh_common.storage.validation import MAX_KEY
from bokeh_common.timestamps import parse_timestamp
from bokeh_data.columns.dtypes import check_dtype
from bokeh_data.columns.json_values import from_json
from bokeh_data.columns.manifest import parse_column
from bokeh_data.columns.names import resolve_names, split_names
from bokeh_data.columns.packed import read_packed
from bokeh_data.columns.times import parse_time
from bokeh_data.conditions.column_condition import ColumnCondition
from bokeh_data.conditions.expression import Condition
from bokeh_data.conditions.parser import parse_condition
from bokeh_data.ingest.csv_dialect import detect_dialect
from bokeh_data.ingest.file_types import parse_types
from bokeh_data.ingest.text_types import TypeInference
from bokeh_data.queries.query import parse_row_range
from bokeh_data.resources.rows import negotiate_format
from bokeh_data.resources.schemas.rows import ColumnWindowQuery, RowsQuery
from bokeh_data.sources.idempotency import is_repeated, remember_key
from bokeh_data.sources.limits import SourceLimits
from bokeh_data.sources.source import Source
from bokeh_data.windows.bins import bin_edges
from bokeh_plots.documents.descriptions import check_description, check_tags
from bokeh_plots.documents.drawn_columns import find_drawn_columns
from bokeh_plots.documents.limits import DEFAULT_LIMITS
from bokeh_plots.documents.live_states import LiveState
from bokeh_plots.documents.packed import unpack
from bokeh_plots.documents.publication import check_name
from bokeh_plots.documents.scene_json import compiles, image_hosts
from bokeh_plots.plots.thumbnails import render_thumbnail
from bokeh_web.pages.browser_names import browser_name
from bokeh_web.pages.jinja_filters import file_name, parse_positive_integer
from bokeh_web.resources.oembed import PLOT_PATH
from bokeh_web.security.session_cookie import SHARE_LINK

LIMITS = SourceLimits()
SOURCE = Source("a", "a", 1, {}, live=True)


KINDS = (
    pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("ms"), pa.duration("s"), pa.date32(), pa.string(),
    pa.decimal128(20, 2), pa.time64("us"),
)  # fmt: skip


def _request(**headers: str) -> Request:
    return falcon.testing.create_asgi_req(
        headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def _query(text: str) -> Request:
    return falcon.testing.create_asgi_req(query_string=text)


def _if_none_match(header: str) -> object:
    return not_modified(_request(If_None_Match=header), Response(), "x")


def _accept(header: str) -> object:
    return negotiate_format(_request(Accept=header), "", RowsQuery())


def _tile_address(text: str) -> object:
    attributes = {"url": f"https://{text}"}
    return image_hosts({"type": "object", "name": "WMTSTileSource", "id": "p1", "attributes": attributes})


def _drawn_columns(text: str) -> object:
    tooltip = {"type": "object", "name": "HoverTool", "id": "p1", "attributes": {"tooltips": f"@{text}"}}
    return find_drawn_columns(tooltip, {"sources": [], "code": False})


def _condition_on(kind: pa.DataType) -> Callable[[str], object]:
    return lambda text: [
        ColumnCondition(Condition("x", op, (text,)), kind).evaluate(pa.array([], kind)) for op in ("=", "in")
    ]


def _infer(text: str) -> object:
    inference = TypeInference(is_text=False, takes_commas=True)
    inference.add(pa.array([text, *text[:1000]]))
    return inference.explain("x")


def _like(text: str) -> object:
    values = pa.array(["a" * 1000])
    return ColumnCondition(Condition("x", "like", (text,)), pa.string()).evaluate(values)


#: Parsers of strings.
OF_TEXT: dict[str, Callable[[str], object]] = {
    "condition": parse_condition,
    "condition on a string": lambda text: parse_condition(f"x = {text}"),
    "condition in a list": lambda text: parse_condition(f"x in ({text}"),
    "condition between": lambda text: parse_condition(f"x between {text} and 1"),
    **{
        f"value of {kind}": _condition_on(kind)
        for kind in KINDS
    },
    "pattern": _like,
    "row range": parse_row_range,
    "time": lambda text: parse_time(text, "ms", "Europe/Zurich"),
    "bound of a window": lambda text: bin_edges("float64", text, "1", 10),
    "integer bound of a window": lambda text: bin_edges("int64", text, f"{text}ms", 10),
    "time bound of a window": lambda text: bin_edges("datetime64[ms]", text, f"{text}ms", 10),
    "list of names": split_names,
    "quoted list of names": lambda text: split_names(f'"{text}'),
    "names": lambda text: resolve_names([text], [text[1:], "x"]),
    "names of a file": lambda text: LIMITS.check_names([text[:100] + str(i % 9000) for i in range(9001)]),
    "start of a CSV file": detect_dialect,
    "column of a CSV file": _infer,
    "types of columns": lambda text: parse_types([text, f"{text}=text"]),
    "dtype": check_dtype,
    "arrow dtype": lambda text: check_dtype(f"arrow[{text}]"),
    "manifest": lambda text: parse_column(
        "x", {"dtype": text, "shape": [text], "chunks": [text]}, allow_arrow=True
    ),
    "values": lambda text: from_json("x", {"values": [text], "dtype": "datetime64[ms]"}, []),
    "query": lambda text: read_query(_query(text), RowsQuery),
    "query of rows": lambda text: read_query(_query(f"where={text}&columns={text}&rows={text}"), RowsQuery),
    "query of a window": lambda text: read_query(_query(f"x={text}&y={text}"), ColumnWindowQuery),
    "cursor": lambda text: read_page_query(_query(f"after={text}")),
    "If-None-Match": _if_none_match,
    "If-None-Match with a tag": lambda text: _if_none_match(f'W/"{text}'),
    "If-Match": lambda text: if_match(_request(If_Match=f'"{text}')),
    "Accept": _accept,
    "Accept with a type": lambda text: _accept(f"text/{text};q={text}"),
    "Cookie": lambda text: _request(Cookie=text).cookies,
    "Cookie with a name": lambda text: _request(Cookie=f"a={text}").cookies,
    "Authorization": lambda text: bearer_token(_request(Authorization=f"Bearer {text}")),
    "Host": lambda text: _request(Host=text).netloc,
    "Forwarded": lambda text: _request(Forwarded=text).forwarded,
    "Range": lambda text: _request(Range=f"bytes={text}").range,
    "trace": lambda text: continue_trace(text, f"00-{text}", text),
    "token": lambda text: is_well_formed(f"bkp_{text}", "bkp_"),
    "share link": lambda text: SHARE_LINK.fullmatch(f"bkl_{text}"),
    "origin": lambda text: ORIGIN.fullmatch(f"https://a{text}"),
    "username": normalize_username,
    "email": normalize_email,
    "email of a domain": lambda text: normalize_email(f"a@{text}"),
    "timestamp": parse_timestamp,
    "name of a plot": lambda text: check_name(text, DEFAULT_LIMITS),
    "tile address": _tile_address,
    "code": compiles,
    "code of a function": lambda text: compiles(f"Function{text}"),
    "URL of a plot": lambda text: PLOT_PATH.fullmatch(f"/plots/{text}"),
    "storage key": lambda text: decode(encode(text[:MAX_KEY])),
    "file name": lambda text: file_name(text, "csv"),
    "page number": parse_positive_integer,
    "state of a plot": lambda text: LiveState.parse(text, ["a"]),
    "positions of a state": lambda text: LiveState.parse(f"1-{'0' * 16}-1.{text}", ["a"]),
    "idempotency key": lambda text: remember_key(SOURCE, text, is_repeated(SOURCE, text)),
    "number of a batch": lambda text: is_repeated(SOURCE, f"writer/{'a' * 16}/1{text}"),
    "columns in a tooltip": _drawn_columns,
    "description": check_description,
    "tags": lambda text: check_tags([text]),
    "browser": browser_name,
    "log": redact,
    "log of a secret": lambda text: redact(f"bkp_{text}"),
    "name in a tar": lambda text: list(tar_stream.text_member(text, "")),
}  # fmt: skip


def _arrow(data: bytes) -> Any:
    return pa.ipc.open_stream(io.BytesIO(data)).read_all()


#: Parsers of bytes.
OF_BYTES: dict[str, Callable[[bytes], object]] = {
    "JSON": parse_json,
    "JSON in a list": lambda data: parse_json(b"[" + data),
    "JSON in a string": lambda data: parse_json(b'["' + data),
    "JSON of numbers": lambda data: parse_json(b"[" + data * 3 + b"]"),
    "packed rows": lambda data: read_packed(len(data).to_bytes(4, "little") + data),
    "packed column": lambda data: unpack(len(data).to_bytes(4, "little") + data),
    "zstd": lambda data: list(decode_body([data], "zstd", 1 << 26)),
    "gzip": lambda data: list(decode_body([data], "gzip", 1 << 26)),
    "Arrow stream": _arrow,
    "Arrow stream with a start": lambda data: _arrow(b"\xff\xff\xff\xff" + data),
    "PNG": render_thumbnail,
    "PNG with a start": lambda data: render_thumbnail(b"\x89PNG\r\n\x1a\n" + data),
    "message": lambda data: msgspec.json.decode(data),
}
