"""Publications, which are validated before anything is stored."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from bokeh_common import bidirectional
from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.hashing import hash_bytes
from bokeh_common.schema_errors import explain_invalid
from bokeh_plots.documents.canonical_form import canonical, without_unused_definitions
from bokeh_plots.documents.limits import DEFAULT_LIMITS, DocumentLimits
from bokeh_plots.documents.live_columns import with_columns, without_rows
from bokeh_plots.documents.scene_json import (
    check_document,
    columns_of,
    compiles,
    has_code,
    image_hosts,
    title_of,
    uses_webgl,
)

#: The files of BokehJS that a document may need (`bokeh.resources`).
Bundle = Literal["bokeh", "bokeh-widgets", "bokeh-tables", "bokeh-mathjax", "bokeh-gl", "bokeh-api"]
BUNDLES: tuple[Bundle, ...] = get_args(Bundle)

MAX_BUNDLE_NAME = 100  # characters

SourceId = Annotated[str, Meta(pattern="^[a-z0-9]{1,64}$", examples=["mfrggzdfmztwq2lknnwg23tpob"])]

VERSION_NUMBER = (
    "The number of the version, greater than that of the newest; to copy a plot with its history."
)

_DOCUMENT = {
    "type": "object",
    "required": ["version", "roots"],
    "properties": {
        "version": {"type": "string", "description": "The version of Bokeh that wrote it."},
        "roots": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
}


class SourceUse(msgspec.Struct, forbid_unknown_fields=True):
    """A data source that a plot uses; `model` is the id of the data source of the document that it fills."""

    id: SourceId
    model: str | None = None
    version: (
        Annotated[int, Meta(ge=1, description="An old version of a live source; null for the newest.")] | None
    ) = None


class PublishRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request to publish a document: the scene and what belongs to it."""

    name: Annotated[str, Meta(description="The name of the plot: without slashes, unique in the account.")]
    document: Annotated[
        dict[str, Any],
        Meta(
            description="`Document.to_json(deferred=True)`, with hashes of columns in the place of arrays.",
            extra_json_schema=_DOCUMENT,
        ),
    ]
    title: Annotated[str | None, Meta(description="The title; null leaves it unchanged.")] = None
    sources: list[SourceUse] = []
    bundles: Annotated[list[Bundle], Meta(description="Files of BokehJS that it needs besides `bokeh`.")] = []
    extensions: Annotated[list[str], Meta(description="The JavaScript of custom models.")] = []
    version: Annotated[int, Meta(ge=1, le=999_999_999_999, description=VERSION_NUMBER)] | None = None
    losses: Annotated[
        list[Annotated[str, Meta(max_length=1000)]],
        Meta(
            max_length=50,
            description="What the published plot will not do; its page shows the owner these sentences.",
        ),
    ] = []


@dataclass(frozen=True)
class Publication:
    """What is published: a scene and what belongs to it.

    Attributes:
        name: the name of the plot, unique in its account.
        title: its title; None leaves it unchanged, and for a new plot takes it from the document.
        document: the scene.
        sources: for each data source `{"model": id or None, "id": data source id}`; for live ones also
            `"live": True` and `"version"`, the version of the source.
        bundles: the files of BokehJS that it needs.
        extensions: the JavaScript of each custom model.
        number: the number of the version; None for the next one.
        description, tags: those of a new plot, the copy of another one.
        losses: what the published plot will not do, as sentences.
    """

    name: str
    title: str | None
    document: dict[str, Any]
    sources: list[dict[str, Any]]
    bundles: list[Bundle]
    extensions: list[str]
    number: int | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()

    @property
    def source_ids(self) -> list[str]:
        """The ids of its data sources."""
        return [source["id"] for source in self.sources]

    @property
    def source_versions(self) -> dict[str, int | None]:
        """The version of each data source, by id; None for the newest."""
        return {source["id"]: source.get("version") for source in self.sources}

    @property
    def columns(self) -> set[str]:
        """The hashes of the columns that the scene refers to."""
        return columns_of(self.document)

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for two publications if, and only if, their contents are.

        The rows of live sources are not part of it: they change independently of the plot.
        """
        sources = [[{"id": source["model"]}, source["id"]] for source in self.sources]
        live = {source["model"] for source in self.sources if source.get("live")}
        document = without_unused_definitions(without_rows(self.document, live) if live else self.document)
        content = canonical([document, sources, self.bundles, self.extensions])
        return hash_bytes(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())

    @property
    def first_title(self) -> str:
        """The title of a new plot."""
        return self.title or (title_of(self.document) or "").strip() or self.name

    @property
    def traits(self) -> dict[str, Any]:
        """The parts of the manifest that are derived from the document, for the plot page."""
        code = has_code(self.document)
        return {
            "bokeh_version": self.document["version"],
            "bundles": self.bundles,
            "sources": self.sources,
            "code": code or bool(self.extensions),
            "eval": code or uses_webgl(self.document) or any(map(compiles, self.extensions)),
            "image_hosts": image_hosts(self.document),
            **({"losses": list(self.losses)} if self.losses else {}),
        }

    def with_live(self, found: Mapping[str, Mapping[str, Any]]) -> "Publication":
        """Return the publication with the columns that its live sources have in `found`, by source id."""
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


def _check_bundles(bundles: object) -> None:
    """Raise `Invalid` for a long name, which the message of `msgspec.convert` would contain."""
    names = bundles if isinstance(bundles, list) else []
    if any(isinstance(name, str) and len(name) > MAX_BUNDLE_NAME for name in names):
        raise Invalid(f"A bundle is one of {', '.join(BUNDLES)}.")


def parse_publication(body: Any, limits: DocumentLimits = DEFAULT_LIMITS) -> Publication:
    """Validate the body of `POST /{user}/store`; raises `Invalid` or `TooLarge`, which say what is wrong."""
    if not isinstance(body, dict):
        raise Invalid("Send an object with 'name' and 'document'.")
    check_document(body.get("document"), limits)
    name = check_name(body.get("name"), limits)
    _check_bundles(body.get("bundles"))
    try:
        given = msgspec.convert(body, PublishRequest)
    except msgspec.ValidationError as error:
        raise Invalid(f"The publication is not valid: {explain_invalid(error)}. See /docs/api.") from None
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
        losses=tuple(given.losses),
    )


def _use(source: SourceUse) -> dict[str, Any]:
    use = {"model": source.model, "id": source.id}
    return use if source.version is None else {**use, "version": source.version}


def check_name(name: Any, limits: DocumentLimits) -> str:
    """Validate the name of a plot, and return it in one spelling.

    That has composed characters (NFC), and no blanks around it.
    """
    if not isinstance(name, str) or not 1 <= len(name) <= limits.name_length:
        raise Invalid(
            f"'name' must be a string of 1 to {limits.name_length} characters.", slug="invalid-name"
        )
    if "/" in name or not name.strip() or any(unicodedata.category(c) == "Cc" for c in name):
        raise Invalid("'name' must not be blank, or have slashes or control characters.", slug="invalid-name")
    if bidirectional.has_controls(name, allow_marks=True):
        raise Invalid(f"'name' {bidirectional.EXPLANATION}.", slug="invalid-name")
    return unicodedata.normalize("NFC", name).strip()


def check_new_name(name: str) -> str:
    """Return a name that a plot is to get, unless it could be read as `NAME@VERSION`."""
    if "@" in name:
        raise Invalid("'name' must not have an @.", slug="invalid-name")
    return name


def check_title(title: str, limits: DocumentLimits) -> str:
    """Validate the title of a plot, and return it."""
    if not title.strip() or len(title) > limits.title_length:
        raise Invalid(f"'title' must be a string of 1 to {limits.title_length} characters, and not blank.")
    return title


def _check_count(what: str, items: list[Any], limit: int) -> None:
    if len(items) > limit:
        raise TooLarge(f"There are {len(items)} {what}; this server accepts {limit}.", limit=limit)
