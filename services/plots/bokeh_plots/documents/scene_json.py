"""Scenes: Bokeh documents as JSON, and what the server has to know of them, without creating models.

A *scene* is the JSON of `bokeh.document.Document.to_json(deferred=True)` in which each array is replaced by
the hash of
a column: `{"type": "bytes", "data": {"id": HASH}}`, or `{"type": "packed", "data": {"id": HASH}}` if the
value was not one array. The encoding is that of `bokeh.core.serialization`.
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from bokeh_common.errors import Invalid, TooLarge
from bokeh_plots.documents.limits import DEFAULT_LIMITS, DocumentLimits

#: Models with JavaScript in their properties, or that BokehJS renders by compiling code (`new Function`).
CODE_MODELS = frozenset(
    {"FuncTickFormatter", "CustomLabelingPolicy", "HTMLTemplateFormatter", "CanvasTexture"}
)

#: Matches code of custom models that needs `eval`; the code that Bokeh compiles from a file does not.
_COMPILING = re.compile(r"\beval\b|\bFunction\s*\(")

_VERSION = re.compile(r"\d+\.\d+\.\d+[0-9A-Za-z.+-]{0,20}", re.ASCII)
#: The total length of hosts that fits into a header; if they are longer, all hosts are allowed.
MAX_HOST_CHARACTERS = 4000
#: The maximum number of characters of one host (RFC 1035), and of its port.
MAX_HOST_LENGTH = 253 + len(":65535")
_NETLOC = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)")
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9.-]+(:\d+)?", re.ASCII)

#: The title that Bokeh gives to every document (`bokeh.document.document.DEFAULT_TITLE`).
DEFAULT_TITLE = "Bokeh Application"

Node = dict[str, Any]


def check_document(document: Any, limits: DocumentLimits = DEFAULT_LIMITS) -> None:
    """Check that a value is the JSON of a Bokeh document with at least one root.

    Raises:
        Invalid: it is not.
        TooLarge: it has too many models or columns.
    """
    if not isinstance(document, dict):
        raise _invalid("'document' must be an object, the JSON of a Bokeh document.")
    version = document.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise _invalid(
            "'version' of the document must be the version of Bokeh that wrote it, such as '3.9.2'."
        )
    _check_roots(document.get("roots"))
    objects, columns = 0, set()
    for node in walk(document, limits.depth):
        _check_node(node)
        objects += is_model(node)
        if _is_column(node):
            columns.add(node["data"]["id"])
    _check_count("objects", objects, limits.objects)
    _check_count("columns", len(columns), limits.columns)


def _check_count(what: str, number: int, limit: int) -> None:
    if number > limit:
        raise TooLarge(f"The document has {number} {what}; this server accepts {limit}.", limit=limit)


def _check_roots(roots: Any) -> None:
    if not isinstance(roots, list) or not roots:
        raise _invalid("The document has no roots, so there is nothing to show. Add a figure to it.")
    if not all(is_model(root) for root in roots):
        raise _invalid("Each root of the document must be a Bokeh model with 'name' and 'id'.")


def _check_node(node: Node) -> None:
    if node.get("type") in ("bytes", "packed") and not _is_column(node) and not _is_inline(node):
        raise _invalid("A 'bytes' or 'packed' object must have the hash of a column as its data's 'id'.")
    if node.get("type") == "set" and not isinstance(node.get("entries", []), list):
        raise _invalid("The entries of a set must be a list.")


def walk(value: Any, depth: int | None = None) -> Iterator[Node]:
    """Yield every JSON object in a value, outermost first; raise `Invalid` below `depth` levels."""
    level = [value]
    for _ in count() if depth is None else range(depth):
        nodes = [item for item in level if isinstance(item, dict)]
        yield from nodes
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise _invalid(f"The document is nested over {depth} levels deep.")


def columns_of(document: Node) -> set[str]:
    """Return the hashes of the columns that the scene refers to."""
    return {node["data"]["id"] for node in walk(document) if _is_column(node)}


def columns_in(document: Node, models: set[str]) -> dict[str, dict[str, str]]:
    """Return the columns of data sources of a scene by their model ids: hashes by name."""
    found: dict[str, dict[str, str]] = {}
    for node in walk(document):
        if is_model(node) and node["id"] in models:
            found[node["id"]] = dict(column_entries(node.get("attributes", {}).get("data")))
    return found


def column_entries(data: Any) -> Iterator[tuple[str, str]]:
    """Yield the columns in the `data` of a data source: names and hashes."""
    entries = data.get("entries") if isinstance(data, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        match entry:
            case [str(name), {"array": {"data": {"id": str(column)}}}] | [
                str(name),
                {"type": "bytes" | "packed", "data": {"id": str(column)}},
            ]:
                yield name, column


def title_of(document: Node) -> str | None:
    """Return the title of a document, or that of its only figure; None if it has none."""
    if isinstance(title := document.get("title"), str) and title not in {"", DEFAULT_TITLE}:
        return title
    roots = document["roots"]
    text: Any = roots[0].get("attributes", {}).get("title") if len(roots) == 1 else None
    if is_model(text):
        text = text.get("attributes", {}).get("text")
    return text if isinstance(text, str) and text else None


def models_of(document: Node) -> dict[str, Node]:
    """Return every model of the scene by its id, in order of appearance.

    Bokeh writes a shared model in full where it appears first, and as `{"id": ...}` elsewhere. Here each
    model is separate, with references to all others.
    """
    found: dict[str, Node] = {}
    for key in ("roots", "callbacks", "config"):
        _detach(document.get(key), found)
    return found


def has_code(document: Node) -> bool:
    """Whether a document contains JavaScript of its author, which BokehJS compiles with `eval`."""
    return any(
        is_model(node) and (node["name"].startswith("CustomJS") or node["name"] in CODE_MODELS)
        for node in walk(document)
    )


def uses_webgl(document: Node) -> bool:
    """Whether a figure is rendered by WebGL, for which BokehJS compiles its own code with `eval`."""
    return any(
        is_model(node) and node.get("attributes", {}).get("output_backend") == "webgl"
        for node in walk(document)
    )


def compiles(script: str) -> bool:
    """Whether the JavaScript of a custom model seems to use `eval`."""
    return _COMPILING.search(script) is not None


def image_hosts(document: Node) -> list[str]:
    """Return the sources of tiles and images, for `img-src` of a Content-Security-Policy."""
    hosts = set()
    for node in walk(document):
        if is_model(node) and node["name"].endswith("TileSource"):
            hosts.add(_host_of(node.get("attributes", {}).get("url")))
        if is_model(node) and node["name"] == "ImageURL":
            hosts.add("https:")  # the URLs are in columns
    found = sorted(host for host in hosts if host)
    return found if sum(map(len, found)) <= MAX_HOST_CHARACTERS else ["https:"]


def _detach(value: Any, found: dict[str, Node]) -> Any:
    if isinstance(value, list):
        return [_detach(item, found) for item in value]
    if not isinstance(value, dict) or _is_column(value):
        return value
    if not is_model(value):
        return {key: _detach(item, found) for key, item in value.items()}
    found[value["id"]] = value  # keeps its position in the order
    found[value["id"]] = {key: _detach(item, found) for key, item in value.items()}
    return {"id": value["id"]}


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def is_model(node: Any) -> bool:
    """Whether a JSON value is a model."""
    return (
        isinstance(node, dict)
        and node.get("type") == "object"
        and isinstance(node.get("name"), str)
        and isinstance(node.get("id"), str)
        and isinstance(node.get("attributes", {}), dict)
    )


def _is_column(node: Node) -> bool:
    data = node.get("data")
    is_bytes = node.get("type") in ("bytes", "packed")  # a tuple, since the type may be unhashable
    return is_bytes and isinstance(data, dict) and isinstance(data.get("id"), str)


def column_in(node: Node) -> str | None:
    """Return the hash of the column to which a JSON object refers; None if it is no such reference."""
    return str(node["data"]["id"]) if _is_column(node) else None


def _is_inline(node: Node) -> bool:
    return node["type"] == "bytes" and isinstance(node.get("data"), str)


def _host_of(url: object) -> str:
    """Return the origin of an address of tiles, in which a placeholder such as {s} stands for subdomains."""
    found = _NETLOC.match(url) if isinstance(url, str) else None
    netloc = _replace_placeholder(found[1]) if found else ""
    return f"https://{netloc}" if len(netloc) <= MAX_HOST_LENGTH and _HOST.fullmatch(netloc) else ""


def _replace_placeholder(netloc: str) -> str:
    """Return a host whose first label is `*` if it contains a placeholder."""
    label = netloc.find(".") if "." in netloc else len(netloc)
    start = netloc.rfind("{", 0, min(label, netloc.rfind("}") + 1))
    if start < 0:
        return netloc
    end = netloc.find(".", netloc.find("}", start))
    return "*" + (netloc[end:] if end >= 0 else "")


def _invalid(detail: str) -> Invalid:
    return Invalid(detail, slug="invalid-document")
