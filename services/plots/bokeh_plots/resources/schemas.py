"""The bodies and queries of requests, and the responses; they also make the OpenAPI description."""

from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.openapi.operations import Api, Problem
from bokeh_common.http.responses import PageQuery
from bokeh_plots.documents.publication import SourceId
from bokeh_plots.plots.copy_and_delete import DataDisposal
from bokeh_plots.plots.summaries import PlotId, PlotSummary, VersionSummary

UserId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,38}$", examples=["ada"])]

PUBLISH_EXAMPLE = {
    "name": "hello",
    "document": {
        "version": "3.9.2",
        "roots": [{"type": "object", "name": "Div", "id": "p1001", "attributes": {"text": "Hello"}}],
    },
}


class RollbackRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The version to roll back to."""

    version: Annotated[int, Meta(ge=1)]


class ShareRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A new share link: when it expires, which sites may embed it, and whether it opens old versions."""

    expires: Annotated[
        str | msgspec.UnsetType | None,
        Meta(
            description="RFC 3339; null for never; the server's default if left out.",
            examples=["2031-01-31T12:00:00Z"],
        ),
    ] = msgspec.UNSET
    origins: Annotated[
        list[str], Meta(description="Empty for any site.", examples=[["https://example.org"]])
    ] = []
    history: Annotated[bool, Meta(description="Whether it opens old versions, too.")] = False


class DeleteRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What to delete: a plot, and what happens to its data."""

    plot: PlotId
    data: Annotated[
        DataDisposal,
        Meta(description="`keep` the data, delete what is `unused` by other plots, or `force`: delete all."),
    ] = "unused"
    force: Annotated[bool, Meta(description="With `force`: whether other plots may break.")] = False


class CloneRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What to copy: a plot that the caller may read."""

    plot: PlotId
    name: Annotated[str | None, Meta(description="The name of the copy; null for the same name.")] = None
    version: Annotated[
        int | None,
        Meta(description="The version to copy, which the caller must be able to see; null for the newest."),
    ] = None
    share: Annotated[str | None, Meta(description="The token of a share link to the plot: `bkl_...`.")] = None


class AccountQuery(msgspec.Struct):
    """The account whose plots are requested; null for all accounts."""

    user: UserId | None = None


class ColumnList(msgspec.Struct):
    """Hashes of columns."""

    columns: list[str]


class ChangesSince(msgspec.Struct):
    """The state that a page shows, and the one up to which rows are wanted; see `live_states`."""

    since: str = ""
    until: str | None = None


class ViewIncrements(msgspec.Struct):
    """How often plots were viewed, by their ids."""

    views: dict[str, int]


class Published(PlotSummary):
    """A plot, and whether the request left it unchanged."""

    unchanged: bool


class DeletedGraph(TypedDict):
    """The ids of the plot's data sources: those that were deleted, and those that were kept."""

    plot: PlotId
    deleted: list[SourceId]
    kept: list[SourceId]


class PlotListQuery(PageQuery):
    """The plots to list."""

    name: Annotated[str, Meta(max_length=1000, description="Only the plot of this name, if any.")] | None = (
        None
    )


class PlotPage(TypedDict):
    """Plots in the order of their names."""

    plots: list[PlotSummary]


class SceneGraph(PlotSummary):
    """A plot and the objects of its scene graph, without data."""

    bundles: Annotated[list[str], Meta(description="The files of BokehJS that it needs, in loading order.")]
    extensions: Annotated[list[str], Meta(description="The hashes of the JavaScript of its custom models.")]
    losses: Annotated[list[str], Meta(description="What the published plot does not do, as sentences.")]
    roots: Annotated[list[str], Meta(description="The ids of the roots.")]
    objects: Annotated[dict[str, dict[str, Any]], Meta(description="By id, `{plot}.{model id}`.")]


class PlotVersions(TypedDict):
    """The versions that are kept, newest first."""

    versions: list[VersionSummary]


class UsedSource(TypedDict):
    """A data source of a plot."""

    id: SourceId
    model: str | None
    live: NotRequired[bool]
    version: NotRequired[
        Annotated[
            int, Meta(ge=1, description="The version that a live source had when the plot was published.")
        ]
    ]


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
    history: bool


class MadeShare(Share):
    """A new share link; its token is in the paths, and in no other response."""

    show: str
    embed: str


class SharePage(TypedDict):
    """The share links of a plot."""

    shares: list[Share]


class FoundObjects(TypedDict):
    """Objects with their data, in the requested order, and the ids of those that do not exist."""

    objects: list[dict[str, Any]]
    missing: list[str]


API = Api(
    "plots",
    paths={
        "user": UserId,
        "plot": PlotId,
        "share": Annotated[str, Meta(examples=["mfrggzdfmztwq2lk"])],
        "version": Annotated[int, Meta(ge=1)],
        "ids": Annotated[
            str,
            Meta(
                description="The ids of objects, `{plot}.{model id}`, separated by commas.",
                examples=["nb2hi4dthixs653x.p1001,nb2hi4dthixs653x.p1002"],
            ),
        ],
    },
    problems=(
        Problem(
            "invalid-document",
            422,
            "Not a Bokeh document",
            "What was published is not the JSON of a Bokeh document with something to show.",
            "Publish what `Document.to_json(deferred=True)` returns; 'detail' says what is wrong.",
        ),
        Problem(
            "invalid-name",
            422,
            "Not a valid name",
            "The name of a plot is blank, too long, or contains slashes or control characters.",
            "Choose another name. Names are used by programs and in URLs; the title can be any text.",
        ),
        Problem(
            "missing-source",
            422,
            "No such data source",
            "The publication names a data source that does not exist.",
            "Commit the data source with 'POST /{user}/data' first, and publish again.",
        ),
        Problem(
            "missing-columns",
            422,
            "Columns are missing",
            "The document refers to columns that no data source has; 'missing' lists their hashes.",
            "Commit a data source with these columns, name it in 'sources', and publish again.",
        ),
        Problem(
            "key-reused",
            422,
            "The Idempotency-Key was used before",
            "Another request was sent with this Idempotency-Key before.",
            "Use a new key for each request, and the same key only to repeat a request.",
        ),
        Problem(
            "name-taken",
            409,
            "The name is taken",
            "The account has a plot of this name.",
            "Choose another 'name' for the copy, or delete the plot.",
        ),
        Problem(
            "newest-version",
            409,
            "The newest version cannot be deleted",
            "The version is the newest, which the plot shows. Nothing was deleted.",
            "Publish another version, or roll back to an older one, and delete this one then. If there is no "
            "other version, delete the plot.",
        ),
        Problem(
            "would-break",
            409,
            "Other plots would break",
            "Other plots, listed in 'plots', use data that would be deleted. Nothing was deleted.",
            "Keep the data with 'data': 'unused', or send 'force': true.",
        ),
        Problem(
            "not-a-picture",
            422,
            "Not an image",
            "What was sent as the thumbnail of a plot is not a PNG file.",
            "Send a PNG of at most 4 million pixels; the server reduces its size.",
        ),
        Problem(
            "damaged-column",
            422,
            "A column cannot be read",
            "The bytes of a packed column do not have the format of packed columns.",
            "Publish the figure again with a client of this cloud's version.",
        ),
    ),
)
