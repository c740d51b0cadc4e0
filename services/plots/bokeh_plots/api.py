"""What the routes of this service take and answer, as types: they validate, and they are the description."""

from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.operations import Api, Problem
from bokeh_plots.graphs import Fate
from bokeh_plots.plots import PlotId, PlotSummary, VersionSummary, Visibility
from bokeh_plots.publication import SourceId

UserId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,38}$", examples=["ada"])]

PUBLISH_EXAMPLE = {
    "name": "hello",
    "document": {
        "version": "3.9.2",
        "roots": [{"type": "object", "name": "Div", "id": "p1001", "attributes": {"text": "Hello"}}],
    },
}


class Change(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What to set; at least one of them."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET


class GoBack(msgspec.Struct, forbid_unknown_fields=True):
    """The version to go back to."""

    version: Annotated[int, Meta(ge=1)]


class NewShare(msgspec.Struct, forbid_unknown_fields=True):
    """A share link: until when (RFC 3339, null for ever), and the sites that may embed it (none for any)."""

    expires: Annotated[str | None, Meta(examples=["2031-01-31T12:00:00Z"])] = None
    origins: Annotated[list[str], Meta(examples=[["https://example.org"]])] = []


class Delete(msgspec.Struct, forbid_unknown_fields=True):
    """What to delete: a plot, and what becomes of its data."""

    plot: PlotId
    data: Annotated[
        Fate,
        Meta(description="`keep` it, delete what is `unused` by other plots, or `force`: delete it all."),
    ] = "unused"
    force: Annotated[bool, Meta(description="Whether other plots may break, with `force`.")] = False


class Clone(msgspec.Struct, forbid_unknown_fields=True):
    """What to copy: a plot that one may read."""

    plot: PlotId
    name: Annotated[str | None, Meta(description="Of the copy; that of the plot when null.")] = None
    version: Annotated[int | None, Meta(description="What is shown now when null.")] = None
    share: Annotated[str | None, Meta(description="Token of a share link to it: `bkl_...`.")] = None


class OfAccount(msgspec.Struct):
    """Whose plots; everybody's when left out."""

    user: UserId | None = None


class Published(PlotSummary):
    """A plot, and whether the request left it as it was."""

    unchanged: bool


class DeletedGraph(TypedDict):
    """Ids of the plot's data sources: those that were deleted, and those that are still there."""

    plot: PlotId
    deleted: list[SourceId]
    kept: list[SourceId]


class PlotPage(TypedDict):
    """Plots in the order of their names."""

    plots: list[PlotSummary]


class SceneGraph(PlotSummary):
    """A plot and the objects of its scene graph, without data."""

    bundles: Annotated[list[str], Meta(description="The files of BokehJS that it needs, in loading order.")]
    extensions: Annotated[list[str], Meta(description="Hashes of the JavaScript of its custom models.")]
    roots: Annotated[list[str], Meta(description="Ids of the roots.")]
    objects: Annotated[dict[str, dict[str, Any]], Meta(description="By id, `{plot}.{model id}`.")]


class Versions(TypedDict):
    """The versions that are kept, newest first."""

    versions: list[VersionSummary]


class UsedSource(TypedDict):
    """A data source of a plot."""

    id: SourceId
    model: str | None
    live: NotRequired[bool]
    version: NotRequired[Annotated[int, Meta(ge=1, description="Of a live source, when it was published.")]]


class UsedSources(TypedDict):
    """The data sources of a plot."""

    sources: list[UsedSource]


class Share(TypedDict):
    """A share link, without its token."""

    id: str
    created: str
    expires: str | None
    used: str | None
    origins: list[str]


class MadeShare(Share):
    """A new share link; the paths hold its token, which is never shown again."""

    show: str
    embed: str


class Shares(TypedDict):
    """The share links of a plot."""

    shares: list[Share]


class FoundObjects(TypedDict):
    """Objects with their data, in the order that they were asked for, and the ids that are not there."""

    objects: list[dict[str, Any]]
    missing: list[str]


API = Api(
    "plots",
    paths={
        "user": UserId,
        "plot": PlotId,
        "share": Annotated[str, Meta(examples=["mfrggzdfmztwq2lk"])],
        "ids": Annotated[
            str,
            Meta(
                description="Ids of objects, `{plot}.{model id}`, separated by commas.",
                examples=["nb2hi4dthixs653x.p1001,nb2hi4dthixs653x.p1002"],
            ),
        ],
    },
    problems=(
        Problem(
            "invalid-document",
            422,
            "No Bokeh document",
            "What was published is not the JSON of a Bokeh document with something to show.",
            "Publish what `Document.to_json(deferred=True)` gives; 'detail' says what is wrong.",
        ),
        Problem(
            "invalid-name",
            422,
            "Not a name",
            "The name of a plot is blank, too long, or has slashes or control characters.",
            "Choose another name. It is for programs and addresses; the title can be anything.",
        ),
        Problem(
            "missing-source",
            422,
            "No such data source",
            "The publication names a data source that is not there.",
            "Commit the data source with 'POST /{user}/data' first, and publish again.",
        ),
        Problem(
            "missing-columns",
            422,
            "Columns are missing",
            "The document refers to columns of none of its data sources; 'missing' lists their hashes.",
            "Commit a data source with these columns, name it in 'sources', and publish again.",
        ),
        Problem(
            "key-reused",
            422,
            "The Idempotency-Key is used up",
            "A request with this Idempotency-Key was done before, and it was another one.",
            "Use a new key for each request, and the same one only to send the same request again.",
        ),
        Problem(
            "name-taken",
            409,
            "The name is taken",
            "The account has a plot of this name.",
            "Choose another 'name' for the copy, or delete the plot.",
        ),
        Problem(
            "would-break",
            409,
            "Other plots would break",
            "Other plots ('plots' lists them) refer to data that would be deleted. Nothing was deleted.",
            "Keep the data with 'data': 'unused', or send 'force': true.",
        ),
        Problem(
            "not-a-picture",
            422,
            "Not a picture",
            "What was sent as the thumbnail of a plot is not a PNG file.",
            "Send a PNG of at most 4 million pixels; the server makes it small by itself.",
        ),
        Problem(
            "damaged-column",
            422,
            "A column cannot be read",
            "A column that calls itself packed is not written as packed columns are.",
            "Publish the figure again with a client of this cloud's version.",
        ),
    ),
)
