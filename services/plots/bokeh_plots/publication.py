"""What a client publishes: checked before anything is stored."""

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal, get_args

from blake3 import blake3

from bokeh_common.errors import Invalid
from bokeh_plots.documents import canonical, check_document, columns_of, image_hosts, title_of, uses_code

#: The parts of BokehJS that a document may need (`bokeh.resources`).
Bundle = Literal["bokeh", "bokeh-widgets", "bokeh-tables", "bokeh-mathjax", "bokeh-gl", "bokeh-api"]
BUNDLES: tuple[str, ...] = get_args(Bundle)

MAX_NAME = 200  # characters
MAX_TITLE = 1000  # characters
MAX_SOURCES = 10_000


@dataclass(frozen=True)
class Publication:
    """A scene and what belongs to it.

    Attributes:
        name: of the plot, unique in its account.
        title: for people; None leaves it as it is, and for a new plot to the document.
        document: the scene.
        sources: `{"model": id or None, "id": data source id}` each.
        bundles: parts of BokehJS that it needs.
        extensions: JavaScript of custom models, a text each.
    """

    name: str
    title: str | None
    document: dict[str, Any]
    sources: list[dict[str, Any]]
    bundles: list[str]
    extensions: list[str]

    @property
    def source_ids(self) -> list[str]:
        """The ids of its data sources."""
        return [source["id"] for source in self.sources]

    @property
    def columns(self) -> set[str]:
        """The hashes of the columns that the scene refers to."""
        return columns_of(self.document)

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for two publications exactly when they show the same."""
        sources = [[{"id": source["model"]}, source["id"]] for source in self.sources]
        content = canonical([self.document, sources, self.bundles, self.extensions])
        return blake3(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def first_title(self) -> str:
        """The title of a new plot."""
        return self.title or (title_of(self.document) or "")[:MAX_TITLE].strip() or self.name

    @property
    def traits(self) -> dict[str, Any]:
        """What the page of the plot has to know of the document."""
        return {
            "bokeh_version": self.document["version"],
            "bundles": self.bundles,
            "sources": self.sources,
            "code": bool(self.extensions) or uses_code(self.document),
            "image_hosts": image_hosts(self.document),
        }


def parse_publication(body: Any) -> Publication:
    """Check the JSON of `POST /{user}/store`; `Invalid` says what is wrong with it."""
    if not isinstance(body, dict):
        raise Invalid("Send an object with 'name' and 'document'.")
    check_document(body.get("document"))
    name = check_name(body.get("name"))
    title = body.get("title")
    return Publication(
        name=name,
        title=None if title is None else check_title(title),
        document=body["document"],
        sources=_sources(body.get("sources", [])),
        bundles=_bundles(body.get("bundles", ["bokeh"])),
        extensions=_texts(body.get("extensions", [])),
    )


def check_name(name: Any) -> str:
    """Return the name of a plot, with its characters composed (NFC), so that it has one spelling."""
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
        raise Invalid(f"'name' must be a text of 1 to {MAX_NAME} characters.", slug="invalid-name")
    if "/" in name or not name.strip() or any(unicodedata.category(c) == "Cc" for c in name):
        raise Invalid("'name' must not be blank, or have slashes or control characters.", slug="invalid-name")
    return unicodedata.normalize("NFC", name)


def check_title(title: Any) -> str:
    """Return the title of a plot."""
    if not isinstance(title, str) or not title.strip() or len(title) > MAX_TITLE:
        raise Invalid(f"'title' must be a text of 1 to {MAX_TITLE} characters, and not blank.")
    return title


def _sources(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > MAX_SOURCES:
        raise Invalid(f"'sources' must be a list of at most {MAX_SOURCES} objects with 'model' and 'id'.")
    return [_source(item) for item in value]


def _source(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict) or not isinstance(item.get("model"), str | None):
        raise Invalid(
            "Each of 'sources' must be an object with 'model' (an id of the document, or null) and 'id'."
        )
    if not isinstance(item.get("id"), str) or not re.fullmatch(r"[a-z0-9]{1,64}", item["id"]):
        raise Invalid("The 'id' of a source must be the id of a data source.", slug="missing-source")
    return {"model": item.get("model"), "id": item["id"]}


def _bundles(value: Any) -> list[str]:
    if not isinstance(value, list) or any(item not in BUNDLES for item in value):
        raise Invalid(f"'bundles' must be a list of {', '.join(BUNDLES)}.")
    return [bundle for bundle in BUNDLES if bundle in {"bokeh", *value}]


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid("'extensions' must be a list of JavaScript texts.")
    return list(value)
