"""A published plot: its state as the server last returned it, and the operations on it."""

import os
import sys
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bokeh_cloud.arguments import require_boolean, require_integer, require_strings
from bokeh_cloud.errors import CloudError, NotFound
from bokeh_cloud.expiry import Expiry, parse_expiry
from bokeh_cloud.plots.cloning import clone
from bokeh_cloud.plots.file_watcher import run_on_save
from bokeh_cloud.plots.frame_size import FrameSize
from bokeh_cloud.plots.notebook import plot_html
from bokeh_cloud.plots.plot_data import choose_source, plot_sources
from bokeh_cloud.plots.plot_state import PlotState
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


class Plot(PlotState):
    """A named, versioned document of an account.

    Its attributes are the state that the server returned last; changes by other programs are visible after
    `refresh`. Those that do not exist, or that cannot be set, are refused.
    """

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

    def rename(self, name: str) -> "Plot":
        """Give the plot another name, and return it.

        Its URL stays. It is still found by the names that it had, and publishing under one of them makes a
        version of this plot.

        Raises:
            Rejected: another plot has, or had, the name.
        """
        self._change(name=name)
        return self

    def watch(self, file: str | Path) -> None:
        """Publish what a script, a notebook or a document shows as this plot, now and whenever it is saved.

        Pages that are open show each new version. Runs until Ctrl+C, or the stop button of a notebook; what a
        script prints, and its errors, are printed.

        Args:
            file: its first plot gets the name of this plot, a second one `NAME-2`, and so on.

        Raises:
            CloudError: there is no such file.
        """
        command = [sys.executable, "-m", "bokeh_cloud", "publish", str(file), "--name", self.name]
        run_on_save(Path(file), command, print, {**os.environ, **self._connection.environ})

    def versions(self) -> list[PlotVersion]:
        """Return the versions that the server keeps, newest first."""
        found = self._connection.json("GET", f"{self.path}/versions")["versions"]
        return [PlotVersion(item["version"], datetime.fromisoformat(item["created"])) for item in found]

    def at(self, version: int) -> "Plot":
        """Return the plot at one of its versions; raises NotFound if the server does not keep it."""
        require_integer("version", version, "3")
        created = {item.version: item.created for item in self.versions()}
        if version not in created:
            raise NotFound(
                f"{self.name} has no version {version}; there are {', '.join(map(str, created))}.", 404
            )
        at, suffix = copy(self), f"?version={version}"
        vars(at).update(
            version=version, modified=created[version],
            url=self.url + suffix, embed_url=self.embed_url + suffix,
        )  # fmt: skip
        at._is_pinned = True
        return at

    def rollback(self, version: int) -> "Plot":
        """Create a version with the contents of an old one.

        Raises:
            NotFound: the server does not keep that version; the message contains those that it keeps.
        """
        require_integer("version", version, "3")
        body = {"version": int(version)}  # one of NumPy is not JSON
        self._load(self._connection.json("POST", f"{self.path}/rollback", json=body))
        return self

    def delete_version(self, version: int) -> None:
        """Delete a version that is not the newest; its data are deleted unless something else needs them.

        Raises:
            NotFound: there is no such version.
            Rejected: it is the newest: publish another one or roll back first, or `delete` the plot.
        """
        require_integer("version", version, "3")
        self._connection.request("DELETE", f"{self.path}/versions/{version}")

    def share(
        self, expires: Expiry | None = None, origins: Sequence[str] = (), *, history: bool = False
    ) -> Share:
        """Create a share link, with which anyone can open this plot, and return it.

        A server without accounts has no share links: start it with `--accounts` to share plots.

        Args:
            expires: "7d", a timedelta, a date or a datetime, see `expiry.parse_expiry`; None for the
                server's default.
            origins: the sites that may embed the plot, such as https://example.org; none for any site.
            history: whether the link opens old versions, too, and not only the newest one.
        """
        require_boolean("history", history)
        body: dict[str, Any] = {"origins": require_strings("origins", origins, '["https://example.org"]')}
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
