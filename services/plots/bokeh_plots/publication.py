"""What a client publishes: checked before anything is stored."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args

import msgspec
from blake3 import blake3
from msgspec import Meta

from bokeh_common.errors import Invalid, TooLarge
from bokeh_plots.documents import (
    canonical,
    check_document,
    columns_of,
    compiles,
    has_code,
    image_hosts,
    title_of,
    uses_webgl,
)
from bokeh_plots.limits import DEFAULT, Limits
from bokeh_plots.live import with_columns

#: The parts of BokehJS that a document may need (`bokeh.resources`).
Bundle = Literal["bokeh", "bokeh-widgets", "bokeh-tables", "bokeh-mathjax", "bokeh-gl", "bokeh-api"]
BUNDLES: tuple[Bundle, ...] = get_args(Bundle)

SourceId = Annotated[str, Meta(pattern="^[a-z0-9]{1,64}$", examples=["mfrggzdfmztwq2lknnwg23tpob"])]

NUMBERED = "Its number, greater than the newest: for who copies a plot with its history."

_DOCUMENT = {
    "type": "object",
    "required": ["version", "roots"],
    "properties": {
        "version": {"type": "string", "description": "The version of Bokeh that wrote it."},
        "roots": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
}


class SourceUse(msgspec.Struct, forbid_unknown_fields=True):
    """A data source that a plot uses; `model` is the id of the document's data source that it fills."""

    id: SourceId
    model: str | None = None
    version: (
        Annotated[int, Meta(ge=1, description="Of a live source that changed since; null for its newest.")]
        | None
    ) = None


class Publish(msgspec.Struct, forbid_unknown_fields=True):
    """A scene and what belongs to it."""

    name: Annotated[str, Meta(description="Of the plot: without slashes, unique in the account.")]
    document: Annotated[
        dict[str, Any],
        Meta(
            description="`Document.to_json(deferred=True)`, with hashes where arrays' bytes stood.",
            extra_json_schema=_DOCUMENT,
        ),
    ]
    title: Annotated[str | None, Meta(description="For people; null leaves it as it is.")] = None
    sources: list[SourceUse] = []
    bundles: Annotated[list[Bundle], Meta(description="Parts of BokehJS that it needs besides `bokeh`.")] = []
    extensions: Annotated[list[str], Meta(description="JavaScript of custom models.")] = []
    version: Annotated[int, Meta(ge=1, le=999_999_999_999, description=NUMBERED)] | None = None


@dataclass(frozen=True)
class Publication:
    """A scene and what belongs to it.

    Attributes:
        name: of the plot, unique in its account.
        title: for people; None leaves it as it is, and for a new plot to the document.
        document: the scene.
        sources: `{"model": id or None, "id": data source id}` each; for live ones also `"live": True` and
            `"version"`, that of the source.
        bundles: parts of BokehJS that it needs.
        extensions: JavaScript of custom models, a text each.
        number: of the version; None for the next one.
    """

    name: str
    title: str | None
    document: dict[str, Any]
    sources: list[dict[str, Any]]
    bundles: list[Bundle]
    extensions: list[str]
    number: int | None = None

    @property
    def source_ids(self) -> list[str]:
        """The ids of its data sources."""
        return [source["id"] for source in self.sources]

    @property
    def source_versions(self) -> dict[str, int | None]:
        """Which version of each data source, by id; None for the newest."""
        return {source["id"]: source.get("version") for source in self.sources}

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
        return self.title or (title_of(self.document) or "").strip() or self.name

    @property
    def traits(self) -> dict[str, Any]:
        """What the page of the plot has to know of the document."""
        code = has_code(self.document)
        return {
            "bokeh_version": self.document["version"],
            "bundles": self.bundles,
            "sources": self.sources,
            "code": code or bool(self.extensions),
            "eval": code or uses_webgl(self.document) or any(map(compiles, self.extensions)),
            "image_hosts": image_hosts(self.document),
        }

    def with_live(self, found: Mapping[str, Mapping[str, Any]]) -> "Publication":
        """Return it with the columns of its live sources as they are in `found`, by source id."""
        live = {key for key, source in found.items() if source.get("live")}
        if not live:
            return self
        sources = [
            {**use, "live": True, "version": found[use["id"]]["version"]} if use["id"] in live else use
            for use in self.sources
        ]
        models = {
            use["model"]: found[use["id"]]["columns"] for use in sources if use.get("live") and use["model"]
        }
        return replace(self, document=dict(with_columns(self.document, models)), sources=sources)


def parse_publication(body: Any, limits: Limits = DEFAULT) -> Publication:
    """Check the JSON of `POST /{user}/store`; `Invalid` or `TooLarge` says what is wrong with it."""
    if not isinstance(body, dict):
        raise Invalid("Send an object with 'name' and 'document'.")
    check_document(body.get("document"), limits)
    name = check_name(body.get("name"), limits)
    try:
        given = msgspec.convert(body, Publish)
    except msgspec.ValidationError as error:
        raise Invalid(f"The publication is not as it should be: {error}. See /docs/api.") from None
    _check_count("sources", given.sources, limits.sources)
    _check_count("extensions", given.extensions, limits.extensions)
    return Publication(
        name=name,
        title=None if given.title is None else check_title(given.title, limits),
        document=given.document,
        sources=[_use(source) for source in given.sources],
        bundles=[bundle for bundle in BUNDLES if bundle in {"bokeh", *given.bundles}],
        extensions=given.extensions,
        number=given.version,
    )


def _use(source: SourceUse) -> dict[str, Any]:
    use = {"model": source.model, "id": source.id}
    return use if source.version is None else {**use, "version": source.version}


def check_name(name: Any, limits: Limits) -> str:
    """Return the name of a plot, with its characters composed (NFC), so that it has one spelling."""
    if not isinstance(name, str) or not 1 <= len(name) <= limits.name_length:
        raise Invalid(f"'name' must be a text of 1 to {limits.name_length} characters.", slug="invalid-name")
    if "/" in name or not name.strip() or any(unicodedata.category(c) == "Cc" for c in name):
        raise Invalid("'name' must not be blank, or have slashes or control characters.", slug="invalid-name")
    return unicodedata.normalize("NFC", name)


def check_title(title: str, limits: Limits) -> str:
    """Return the title of a plot."""
    if not title.strip() or len(title) > limits.title_length:
        raise Invalid(f"'title' must be a text of 1 to {limits.title_length} characters, and not blank.")
    return title


def _check_count(what: str, items: list[Any], limit: int) -> None:
    if len(items) > limit:
        raise TooLarge(f"These are {len(items)} {what}; this server takes {limit}.", limit=limit)
