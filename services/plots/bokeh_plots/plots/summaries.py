"""Plots as the API returns them."""

import re
from typing import Annotated, Literal, NotRequired, TypedDict, get_args

from msgspec import Meta

#: The id of a plot: 80 random bits in base 32 (RFC 4648), so that it cannot be guessed.
ID = re.compile(r"[a-z2-7]{16}")

#: Who may see a plot: its owner; anyone who has its URL; everyone, and the plot is listed.
Visibility = Literal["private", "link", "public"]
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)

PlotId = Annotated[str, Meta(pattern=f"^{ID.pattern}$", examples=["nb2hi4dthixs653x"])]


class VersionSummary(TypedDict):
    """A version of a plot."""

    version: Annotated[int, Meta(ge=1)]
    created: str


class PlotSummary(TypedDict):
    """A plot as the API returns it; times are RFC 3339 in UTC."""

    id: PlotId
    name: Annotated[str, Meta(description="Unique in its account; publishing under it makes a new version.")]
    former_names: NotRequired[
        Annotated[
            list[str],
            Meta(description="Names that it had before, by which it is still found; for its owner."),
        ]
    ]
    title: Annotated[str, Meta(description="For people.")]
    description: Annotated[str, Meta(description="What the plot shows, as plain text; empty without one.")]
    tags: Annotated[list[str], Meta(description="Words under which its owner looks for it.")]
    user_id: str
    version: Annotated[int, Meta(ge=1, description="The newest version, which the plot page shows.")]
    visibility: Visibility
    history: Annotated[bool, Meta(description="Whether others than the owner see old versions, too.")]
    created: str
    modified: str
    show: Annotated[str, Meta(description="Path of the plot page.")]
    embed: Annotated[str, Meta(description="Path of the frame, to embed the plot in other pages.")]
    size: Annotated[
        int | None,
        Meta(description="Bytes of the columns of this version at the time when it was published."),
    ]
