"""The state of a plot as the server last returned it, and what can be set of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from bokeh_cloud.arguments import (
    KnownAttributes,
    require_boolean,
    require_choice,
    require_string,
    require_strings,
)
from bokeh_cloud.config.general import VISIBILITIES
from bokeh_cloud.connection import Connection
from bokeh_cloud.plots.frame_size import FrameSize


class PlotState(KnownAttributes):
    """What the server says of a plot, and what can be changed of it.

    Its attributes are the state that the server returned last; changes by other programs are visible after
    `refresh`.
    """

    id: str
    name: str
    former_names: tuple[str, ...]
    user_id: str
    version: int
    url: str
    embed_url: str
    created: datetime
    modified: datetime
    unchanged: bool

    def __init__(self, summary: Mapping[str, Any], connection: Connection):
        self._connection = connection
        self._load(summary)

    def _load(self, summary: Mapping[str, Any]) -> None:
        vars(self).update(  # they can be read, and not be set
            id=summary["id"],
            name=summary["name"],
            former_names=tuple(summary.get("former_names", ())),
            user_id=summary["user_id"],
            version=summary["version"],
            url=self._connection.url + summary["show"],
            embed_url=self._connection.url + summary["embed"],
            created=datetime.fromisoformat(summary["created"]),
            modified=datetime.fromisoformat(summary["modified"]),
            unchanged=summary.get("unchanged", False),
        )
        self._title: str = summary.get("title") or summary["name"]
        self._description: str = summary.get("description", "")
        self._tags: tuple[str, ...] = tuple(summary.get("tags", ()))
        self._visibility: str = summary["visibility"]
        self._history: bool = summary.get("history", False)
        self._is_pinned = False  # to one of its versions
        self._frame_size = getattr(self, "_frame_size", FrameSize())  # of what this program published

    @property
    def title(self) -> str:
        """The heading of the plot's page; setting it sends a request."""
        return self._title

    @title.setter
    def title(self, title: str) -> None:
        require_string("title", title, '"A sine"')
        self._change(title=title)

    @property
    def description(self) -> str:
        """What the plot shows, as plain text; "" if there is none. Setting it sends a request."""
        return self._description

    @description.setter
    def description(self, description: str) -> None:
        require_string("description", description, '"Hourly means"')
        self._change(description=description)

    @property
    def tags(self) -> tuple[str, ...]:
        """Words under which you look for the plot; setting them sends a request."""
        return self._tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._change(tags=require_strings("tags", tags, '["weather"]'))

    @property
    def visibility(self) -> str:
        """`private`, `link` (anyone with the URL) or `public`; setting it sends a request.

        Others see the newest version only, unless the plot is opened with its history: see `set_visibility`.
        """
        return self._visibility

    @visibility.setter
    def visibility(self, visibility: str) -> None:
        require_choice("visibility", visibility, VISIBILITIES)
        self._change(visibility=visibility)

    @property
    def history(self) -> bool:
        """Whether others than the owner see old versions, too; setting it sends a request.

        A change of `visibility` sets it to False.
        """
        return self._history

    @history.setter
    def history(self, history: bool) -> None:
        require_boolean("history", history)
        self._change(history=history)

    def set_visibility(self, visibility: str, *, history: bool = False) -> Self:
        """Set who can see the plot, and whether they see its history, in one request.

        Args:
            visibility: `private`, `link` (anyone with the URL) or `public`.
            history: whether others see old versions, too, and not only the newest one.
        """
        require_choice("visibility", visibility, VISIBILITIES)
        require_boolean("history", history)
        self._change(visibility=visibility, history=history)
        return self

    def change(self, **changes: Any) -> Self:
        """Set several of title, description, tags, visibility and history in one request."""
        if "visibility" in changes:
            require_choice("visibility", changes["visibility"], VISIBILITIES)
        self._change(**changes)
        return self

    def refresh(self) -> Self:
        """Read the current state from the server; raises NotFound if the plot was deleted."""
        self._load(self._connection.json("GET", self.path))
        return self

    @property
    def path(self) -> str:
        """The path of the plot in the API, without the server's URL."""
        return f"/{quote(self.user_id)}/plots/{quote(self.id)}"

    def _change(self, **changes: Any) -> None:
        self._load(self._connection.json("PATCH", self.path, json=changes))
