"""A published plot: its state as the server last returned it, and the operations on it."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import CloudError, NotFound
from bokeh_cloud.expiry import Expiry, parse_expiry
from bokeh_cloud.plots.cloning import clone
from bokeh_cloud.plots.frame_size import FrameSize
from bokeh_cloud.plots.notebook import plot_html
from bokeh_cloud.plots.plot_data import choose_source, plot_sources
from bokeh_cloud.plots.shares import Share

if TYPE_CHECKING:  # importing Bokeh takes half a second, and listing plots does not need it
    from bokeh.core.serialization import Serialized
    from bokeh.document import Document

    from bokeh_cloud.data.sources import RemoteDataSource

#: Validity of the share link through which a notebook displays a private plot. The notebook's file contains
#: the link, so it is valid for a short time only.
NOTEBOOK_SHARE_DURATION = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PlotVersion:
    """A version of a plot."""

    version: int
    created: datetime


class Plot:
    """A named, versioned document of an account.

    Its attributes are the state that the server returned last; changes by other programs are visible after
    `refresh`.
    """

    def __init__(self, summary: Mapping[str, Any], connection: Connection):
        self._connection = connection
        self._load(summary)

    def _load(self, summary: Mapping[str, Any]) -> None:
        self.id: str = summary["id"]
        self.name: str = summary["name"]
        self.former_names: tuple[str, ...] = tuple(summary.get("former_names", ()))
        self.user_id: str = summary["user_id"]
        self.version: int = summary["version"]
        self.url: str = self._connection.url + summary["show"]
        self.embed_url: str = self._connection.url + summary["embed"]
        self.created = datetime.fromisoformat(summary["created"])
        self.modified = datetime.fromisoformat(summary["modified"])
        self.unchanged: bool = summary.get("unchanged", False)
        self._title: str = summary.get("title") or summary["name"]
        self._visibility: str = summary["visibility"]
        self._history: bool = summary.get("history", False)
        self._is_pinned = False  # to one of its versions
        self._frame_size = getattr(self, "_frame_size", FrameSize())  # of what this program published

    def __repr__(self) -> str:
        return f"<Plot {self.name!r} version {self.version}, {self.visibility}: {self.url}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plot) and (self.url, self.version) == (other.url, other.version)

    def __hash__(self) -> int:
        return hash(self.url)

    def framed(self, size: FrameSize) -> "Plot":
        """Set the size of the frame in notebooks, and return the plot."""
        self._frame_size = size
        return self

    @property
    def title(self) -> str:
        """The heading of the plot's page; setting it sends a request."""
        return self._title

    @title.setter
    def title(self, title: str) -> None:
        self._change(title=title)

    @property
    def visibility(self) -> str:
        """`private`, `link` (anyone with the URL) or `public`; setting it sends a request.

        Others see the newest version only, unless the plot is opened with its history: see `set_visibility`.
        """
        return self._visibility

    @visibility.setter
    def visibility(self, visibility: str) -> None:
        self._change(visibility=visibility)

    @property
    def history(self) -> bool:
        """Whether others than the owner see old versions, too; setting it sends a request.

        A change of `visibility` sets it to False.
        """
        return self._history

    @history.setter
    def history(self, history: bool) -> None:
        self._change(history=history)

    def set_visibility(self, visibility: str, *, history: bool = False) -> "Plot":
        """Set who can see the plot, and whether they see its history, in one request.

        Args:
            visibility: `private`, `link` (anyone with the URL) or `public`.
            history: whether others see old versions, too, and not only the newest one.
        """
        self._change(visibility=visibility, history=history)
        return self

    def rename(self, name: str) -> "Plot":
        """Give the plot another name, and return it.

        Its URL stays. It is still found by the names that it had, and publishing under one of them makes a
        version of this plot.

        Raises:
            Rejected: another plot has, or had, the name.
        """
        self._change(name=name)
        return self

    def refresh(self) -> "Plot":
        """Read the current state from the server; raises NotFound if the plot was deleted."""
        self._load(self._connection.json("GET", self.path))
        return self

    def versions(self) -> list[PlotVersion]:
        """Return the versions that the server keeps, newest first."""
        found = self._connection.json("GET", f"{self.path}/versions")["versions"]
        return [PlotVersion(item["version"], datetime.fromisoformat(item["created"])) for item in found]

    def at(self, version: int) -> "Plot":
        """Return the plot at one of its versions; raises NotFound if the server does not keep it."""
        created = {item.version: item.created for item in self.versions()}
        if version not in created:
            raise NotFound(
                f"{self.name} has no version {version}; there are {', '.join(map(str, created))}.", 404
            )
        at, suffix = copy(self), f"?version={version}"
        at.version, at.modified = version, created[version]
        at.url, at.embed_url = self.url + suffix, self.embed_url + suffix
        at._is_pinned = True
        return at

    def rollback(self, version: int) -> "Plot":
        """Create a version with the contents of an old one.

        Raises:
            NotFound: the server does not keep that version; the message contains those that it keeps.
        """
        self._load(self._connection.json("POST", f"{self.path}/rollback", json={"version": version}))
        return self

    def delete_version(self, version: int) -> None:
        """Delete a version that is not the newest; its data are deleted unless something else needs them.

        Raises:
            NotFound: there is no such version.
            Rejected: it is the newest: publish another one or roll back first, or `delete` the plot.
        """
        self._connection.request("DELETE", f"{self.path}/versions/{version}")

    def share(
        self, expires: Expiry | None = None, origins: Sequence[str] = (), *, history: bool = False
    ) -> Share:
        """Create a share link, with which anyone can open this plot, and return it.

        A server without accounts has no share links: start it with `--accounts` to share plots.

        Args:
            expires: "7d", a date or a time, see `expiry.parse_expiry`; None for the server's default.
            origins: the sites that may embed the plot, such as https://example.org; none for any site.
            history: whether the link opens old versions, too, and not only the newest one.
        """
        body: dict[str, Any] = {"origins": list(origins)}
        if history:  # servers of earlier releases do not know it
            body["history"] = True
        if expires is not None:
            body["expires"] = parse_expiry(expires)
        summary = self._connection.json("POST", f"{self.path}/shares", json=body)
        return Share(summary, self._connection, self.path)

    def shares(self) -> list[Share]:
        """Return the share links, without their URLs, which are returned once, when a link is created."""
        found = self._connection.json("GET", f"{self.path}/shares")["shares"]
        return [Share(summary, self._connection, self.path) for summary in found]

    def clone(self, name: str | None = None) -> "Plot":
        """Copy the current version into the account of the API key, and return the copy; no data are sent.

        Args:
            name: of the copy; by default that of the plot, which must differ within one account.

        Raises:
            Rejected: the name is taken.
        """
        return Plot(clone(self._connection, self.id, name), self._connection)

    def delete(self) -> None:
        """Delete the plot, all its versions and its share links."""
        self._connection.request("DELETE", self.path)

    def to_json(self) -> "Serialized[Any]":
        """Download this version, and return what `Document.to_json()` returned when it was published.

        Only the ids of its buffers differ.

        Raises:
            CloudError: see `Connection.request`.
        """
        from bokeh_cloud.publishing.download import fetch_document

        return fetch_document(self._connection, self.user_id, f"{self.path}/scene?version={self.version}")

    def to_document(self) -> "Document":
        """Download this version as a Bokeh Document, which can be changed and published again.

        Raises:
            CloudError: see `Connection.request`; also for documents with custom models, which are not defined
                in this process: use `to_json` for these.
        """
        from bokeh_cloud.publishing.download import to_document

        return to_document(self.to_json())

    def data(self) -> "list[RemoteDataSource]":
        """Return the data sources of this version; `source("...").to_pandas()` has the values of one."""
        return plot_sources(self._connection, self.user_id, self.path, self.version)

    def source(self, name: str | None = None) -> "RemoteDataSource":
        """Return one data source of this version.

        Args:
            name: its name or id, or the name of the published `ColumnDataSource`; None if there is only one.

        Raises:
            NotFound: there is none of this name, or there are several; the message has their names.
        """
        return choose_source(self.data(), self.name, name)

    def _repr_html_(self) -> str:
        status = f"version {self.version}, {self.visibility}"
        return plot_html(self.title, self.url, self._frame_url(), status, self._frame_size)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    @property
    def path(self) -> str:
        """The path of the plot in the API, without the server's URL."""
        return f"/{quote(self.user_id)}/plots/{quote(self.id)}"

    def _frame_url(self) -> str:
        """Return a URL that opens the frame in pages of other sites, where it gets no cookies.

        No share link is created for a particular version, since it would open the whole history.
        """
        if self.visibility != "private" or self._is_pinned:
            return self.embed_url
        try:
            return self.share(NOTEBOOK_SHARE_DURATION).embed_url or self.embed_url
        except CloudError:  # a server without accounts has no share links; or the key lacks a scope
            return self.embed_url

    def _change(self, **changes: str | bool) -> None:
        self._load(self._connection.json("PATCH", self.path, json=changes))
