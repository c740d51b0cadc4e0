"""The form of a document that is equal for equal documents, whichever process wrote them."""

import json
import re
from typing import Any

from bokeh_plots.documents.scene_json import Node, column_in, is_model, walk

_GENERATED_ID = re.compile(r"p\d+")


def without_unused_definitions(document: Node) -> Node:
    """Return a document with only those definitions of models (`defs`) that it needs.

    Bokeh writes the definitions of all models that the process knows, also those of libraries that were
    imported meanwhile (`bokeh.document.Document.to_json`).
    """
    definitions = document.get("defs")
    if not isinstance(definitions, list):
        return document
    bases = {str(_name_of(one)): _base_of(one) for one in definitions}
    needed = set()
    for node in walk({**document, "defs": None}):
        name = node["name"] if is_model(node) else None
        while name in bases and name not in needed:
            needed.add(name)
            name = bases[name]
    return {**document, "defs": [one for one in definitions if str(_name_of(one)) in needed]}


def _name_of(definition: Any) -> Any:
    return definition.get("name") if isinstance(definition, dict) else None


def _base_of(definition: Any) -> str:
    base = definition.get("extends") if isinstance(definition, dict) else None
    return str(base.get("id")) if isinstance(base, dict) else ""


def canonical(value: Any) -> Any:
    """Return a value with Bokeh's generated ids (`p1001`) renumbered in order of appearance, and sets sorted.

    Each time that a figure is made, its ids differ, and sets are in any order. The results are
    equal if, and only if, the documents are.
    """
    return _canonical(value, {})


def _canonical(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_canonical(item, names) for item in value]
    if not isinstance(value, dict) or column_in(value) is not None:
        return value
    result = {}
    for key, item in value.items():
        is_id = key == "id" and isinstance(item, str) and (is_model(value) or len(value) == 1)
        result[key] = _renamed(item, names) if is_id else _canonical(item, names)
    if value.get("type") == "set" and not any(
        isinstance(item, (dict, list)) for item in value.get("entries", ())
    ):
        result["entries"] = sorted(value.get("entries", ()), key=json.dumps)
    return result


def _renamed(model: str, names: dict[str, str]) -> str:
    if not _GENERATED_ID.fullmatch(model):
        return model
    return names.setdefault(model, f"#{len(names)}")
