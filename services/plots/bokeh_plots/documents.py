"""Bokeh documents as JSON: what the server has to know of them, without ever building a model.

A *scene* is the JSON of `bokeh.document.Document.to_json(deferred=True)` in which a column's hash stands
where an array's bytes stood: `{"type": "bytes", "data": {"id": HASH}}`, or `{"type": "packed", "data":
{"id": HASH}}` where a column's value was not one array. The encoding is that of `bokeh.core.serialization`.
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from bokeh_common.errors import Invalid, TooLarge
from bokeh_plots.limits import DEFAULT, Limits

#: Models whose properties are JavaScript, or that BokehJS renders by compiling code (`new Function`).
CODE_MODELS = frozenset(
    {"FuncTickFormatter", "CustomLabelingPolicy", "HTMLTemplateFormatter", "CanvasTexture"}
)

#: What code of custom models has in it that needs `eval`; what Bokeh makes of a model's file does not.
_COMPILING = re.compile(r"\beval\b|\bFunction\s*\(")

_GENERATED_ID = re.compile(r"p\d+")
_VERSION = re.compile(r"\d+\.\d+\.\d+[0-9A-Za-z.+-]{0,20}", re.ASCII)
#: Characters of all hosts together, as many as a header surely holds; with more, all hosts are allowed.
MOST_HOSTS = 4000
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9.-]+(:\d+)?", re.ASCII)

#: The title that Bokeh gives to every document (`bokeh.document.document.DEFAULT_TITLE`).
DEFAULT_TITLE = "Bokeh Application"

Node = dict[str, Any]


def check_document(document: Any, limits: Limits = DEFAULT) -> None:
    """Raise `Invalid` unless `document` is the JSON of a Bokeh document with at least one root.

    `TooLarge` when it has very many objects or columns.
    """
    if not isinstance(document, dict):
        raise _invalid("'document' must be an object, the JSON of a Bokeh document.")
    version = document.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise _invalid("The document must say the version of Bokeh that wrote it, such as '3.9.2'.")
    _check_roots(document.get("roots"))
    objects, columns = 0, set()
    for node in walk(document, limits.depth):
        _check_node(node)
        objects += _is_object(node)
        if _is_leaf(node):
            columns.add(node["data"]["id"])
    _check_count("objects", objects, limits.objects)
    _check_count("columns", len(columns), limits.columns)


def _check_count(what: str, number: int, limit: int) -> None:
    if number > limit:
        raise TooLarge(f"The document has {number} {what}; this server takes {limit}.", limit=limit)


def _check_roots(roots: Any) -> None:
    if not isinstance(roots, list) or not roots:
        raise _invalid("The document has no roots, so there is nothing to show. Add a figure to it.")
    if not all(_is_object(root) for root in roots):
        raise _invalid("Each root of the document must be a Bokeh model with 'name' and 'id'.")


def _check_node(node: Node) -> None:
    if node.get("type") in ("bytes", "packed") and not _is_leaf(node) and not _is_inline(node):
        raise _invalid("A 'bytes' or 'packed' object must have the hash of a column as its data's 'id'.")
    if node.get("type") == "set" and not isinstance(node.get("entries", []), list):
        raise _invalid("The entries of a set must be a list.")


def walk(value: Any, depth: int | None = None) -> Iterator[Node]:
    """Yield every JSON object in `value`, outermost first; raise `Invalid` below `depth` levels."""
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
    return {node["data"]["id"] for node in walk(document) if _is_leaf(node)}


def columns_in(document: Node, models: set[str]) -> dict[str, dict[str, str]]:
    """Return the hashes of columns by name, for those models of the scene that are data sources."""
    found: dict[str, dict[str, str]] = {}
    for node in walk(document):
        if _is_object(node) and node["id"] in models:
            data = node.get("attributes", {}).get("data")
            found[node["id"]] = dict(_named_columns(data.get("entries") if isinstance(data, dict) else None))
    return found


def _named_columns(entries: Any) -> Iterator[tuple[str, str]]:
    for entry in entries if isinstance(entries, list) else ():
        match entry:
            case [str(name), {"array": {"data": {"id": str(column)}}}] | [
                str(name),
                {"type": "bytes" | "packed", "data": {"id": str(column)}},
            ]:
                yield name, column


def title_of(document: Node) -> str | None:
    """Return what people would call it: its own title, or that of its one figure; None without."""
    if isinstance(title := document.get("title"), str) and title not in {"", DEFAULT_TITLE}:
        return title
    figure = document["roots"][0].get("attributes", {}).get("title") if len(document["roots"]) == 1 else None
    text = (
        figure.get("attributes", {}).get("text") if isinstance(figure, dict) and _is_object(figure) else None
    )
    return text if isinstance(text, str) and text else None


def objects_of(document: Node) -> dict[str, Node]:
    """Return every object of the scene by its model id, in order of appearance.

    Bokeh writes a shared object in full where it comes first and as `{"id": ...}` afterwards; here each
    stands alone, with references for all others.
    """
    found: dict[str, Node] = {}
    for key in ("roots", "callbacks", "config"):
        _detach(document.get(key), found)
    return found


def has_code(document: Node) -> bool:
    """Whether there is JavaScript of the author in it, which BokehJS compiles by `eval`."""
    return any(
        _is_object(node) and (node["name"].startswith("CustomJS") or node["name"] in CODE_MODELS)
        for node in walk(document)
    )


def uses_webgl(document: Node) -> bool:
    """Whether a figure is drawn by WebGL: BokehJS then compiles code of its own by `eval`."""
    return any(
        _is_object(node) and node.get("attributes", {}).get("output_backend") == "webgl"
        for node in walk(document)
    )


def compiles(script: str) -> bool:
    """Whether the JavaScript of a custom model looks as if it used `eval` itself."""
    return _COMPILING.search(script) is not None


def image_hosts(document: Node) -> list[str]:
    """Return what `img-src` of a Content-Security-Policy must name for its tiles and images."""
    hosts = set()
    for node in walk(document):
        if _is_object(node) and node["name"].endswith("TileSource"):
            hosts.add(_host_of(node.get("attributes", {}).get("url")))
        if _is_object(node) and node["name"] == "ImageURL":
            hosts.add("https:")  # the addresses are data
    found = sorted(host for host in hosts if host)
    return found if sum(map(len, found)) <= MOST_HOSTS else ["https:"]


def canonical(value: Any) -> Any:
    """Return `value` with Bokeh's generated ids (`p1001`) renumbered in order of appearance, and sets sorted.

    The ids of one figure differ each time it is made, and sets of texts come in any order; what is left is
    equal exactly when the documents are.
    """
    return _canonical(value, {})


def _canonical(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_canonical(item, names) for item in value]
    if not isinstance(value, dict) or _is_leaf(value):
        return value
    result = {}
    for key, item in value.items():
        is_id = key == "id" and isinstance(item, str) and (_is_object(value) or len(value) == 1)
        result[key] = _renamed(item, names) if is_id else _canonical(item, names)
    if value.get("type") == "set" and all(isinstance(item, str) for item in value.get("entries", ())):
        result["entries"] = sorted(value.get("entries", ()))
    return result


def _renamed(model: str, names: dict[str, str]) -> str:
    if not _GENERATED_ID.fullmatch(model):
        return model
    return names.setdefault(model, f"#{len(names)}")


def _detach(value: Any, found: dict[str, Node]) -> Any:
    if isinstance(value, list):
        return [_detach(item, found) for item in value]
    if not isinstance(value, dict) or _is_leaf(value):
        return value
    if not _is_object(value):
        return {key: _detach(item, found) for key, item in value.items()}
    found[value["id"]] = value  # keeps its place in the order
    found[value["id"]] = {key: _detach(item, found) for key, item in value.items()}
    return {"id": value["id"]}


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _is_object(node: Any) -> bool:
    return (
        isinstance(node, dict)
        and node.get("type") == "object"
        and isinstance(node.get("name"), str)
        and isinstance(node.get("id"), str)
        and isinstance(node.get("attributes", {}), dict)
    )


def _is_leaf(node: Node) -> bool:
    data = node.get("data")
    is_bytes = node.get("type") in ("bytes", "packed")  # a tuple: the type can be anything, also a list
    return is_bytes and isinstance(data, dict) and isinstance(data.get("id"), str)


def _is_inline(node: Node) -> bool:
    return node["type"] == "bytes" and isinstance(node.get("data"), str)


def _host_of(url: object) -> str:
    try:
        # Placeholders such as {s} in the host stand for subdomains.
        netloc = re.sub(r"^[^.]*\{[^}]*\}[^.]*", "*", urlsplit(url).netloc) if isinstance(url, str) else ""
    except ValueError:
        return ""  # no address, so BokehJS will not load it either
    return f"https://{netloc}" if _HOST.fullmatch(netloc) else ""


def _invalid(detail: str) -> Invalid:
    return Invalid(detail, slug="invalid-document")
