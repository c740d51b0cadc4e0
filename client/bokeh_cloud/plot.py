"""A published plot: what the server last said of it, and what can be done with it."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .connection import Connection
from .errors import NotFound
from .sharing import Share
from .times import Expiry, moment

if TYPE_CHECKING:  # Bokeh takes half a second to import; a list of plots does without
    from bokeh.core.serialization import Serialized
    from bokeh.document import Document


@dataclass(frozen=True, slots=True)
class Version:
    """One of a plot's versions."""

    version: int
    created: datetime


class Plot:
    """A named, versioned document of an account.

    Its attributes are what the server said when it was last asked, by this object: another program's changes
    show after `refresh`.
    """

    def __init__(self, summary: Mapping[str, Any], connection: Connection):
        self._connection = connection
        self._take(summary)

    def _take(self, summary: Mapping[str, Any]) -> None:
        self.id: str = summary["id"]
        self.name: str = summary["name"]
        self.user_id: str = summary["user_id"]
        self.version: int = summary["version"]
        self.url: str = self._connection.url + summary["show"]
        self.embed_url: str = self._connection.url + summary["embed"]
        self.created = datetime.fromisoformat(summary["created"])
        self.modified = datetime.fromisoformat(summary["modified"])
        self.unchanged: bool = summary.get("unchanged", False)
        self._title: str = summary.get("title") or summary["name"]
        self._visibility: str = summary["visibility"]

    def __repr__(self) -> str:
        return f"<Plot {self.name!r} version {self.version}, {self.visibility}: {self.url}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plot) and (self.url, self.version) == (other.url, other.version)

    def __hash__(self) -> int:
        return hash(self.url)

    @property
    def title(self) -> str:
        """What stands above the plot; setting it tells the server."""
        return self._title

    @title.setter
    def title(self, title: str) -> None:
        self._change(title=title)

    @property
    def visibility(self) -> str:
        """Who may see it: `private`, whoever knows the `link`, or `public`; setting it tells the server."""
        return self._visibility

    @visibility.setter
    def visibility(self, visibility: str) -> None:
        self._change(visibility=visibility)

    def refresh(self) -> "Plot":
        """Ask the server how the plot is now; raises NotFound where it was deleted."""
        self._take(self._connection.json("GET", self._path))
        return self

    def versions(self) -> list[Version]:
        """Return the versions that the server keeps, newest first."""
        found = self._connection.json("GET", f"{self._path}/versions")["versions"]
        return [Version(item["version"], datetime.fromisoformat(item["created"])) for item in found]

    def at(self, version: int) -> "Plot":
        """Return the plot as one of its versions; raises NotFound where the server does not keep it."""
        numbers = {item.version: item.created for item in self.versions()}
        if version not in numbers:
            raise NotFound(
                f"{self.name} has no version {version}; there are {', '.join(map(str, numbers))}.", 404
            )
        at, suffix = copy(self), f"?version={version}"
        at.version, at.modified = version, numbers[version]
        at.url, at.embed_url = self.url + suffix, self.embed_url + suffix
        return at

    def rollback(self, version: int) -> "Plot":
        """Make a new version that shows what an old one showed.

        Raises:
            NotFound: there is no such version; the message says which there are.
        """
        self._take(self._connection.json("POST", f"{self._path}/rollback", json={"version": version}))
        return self

    def share(self, expires: Expiry | None = None, origins: Sequence[str] = ()) -> Share:
        """Make a link with which whoever has it may look at this plot, and return it.

        Args:
            expires: "7d", a date or a time, see `times.moment`; None for one that stays until it is revoked.
            origins: the sites that may embed it, such as https://example.org; none for any.
        """
        body: dict[str, Any] = {"origins": list(origins)}
        if expires is not None:
            body["expires"] = moment(expires)
        summary = self._connection.json("POST", f"{self._path}/shares", json=body)
        return Share(summary, self._connection, self._path)

    def shares(self) -> list[Share]:
        """Return its share links, without their addresses: those are told once."""
        found = self._connection.json("GET", f"{self._path}/shares")["shares"]
        return [Share(summary, self._connection, self._path) for summary in found]

    def clone(self, name: str | None = None) -> "Plot":
        """Copy this plot, as it is now, into the account of the key, and return the copy; no data are sent.

        Args:
            name: of the copy; that of the plot without it, which somebody else's plot can keep.

        Raises:
            Rejected: the name is taken.
        """
        from .cloning import clone

        return clone(self._connection, self.id, name)

    def delete(self) -> None:
        """Delete the plot, all its versions and its share links; its address opens nothing from now on."""
        self._connection.request("DELETE", self._path)

    def to_json(self) -> "Serialized[Any]":
        """Fetch this version and return what `Document.to_json()` returned where it was published.

        The ids of its buffers are other ones; everything else is the same, bit for bit.

        Raises:
            CloudError: see `Connection.request`.
        """
        from .download import document_of

        return document_of(self._connection, self.user_id, f"{self._path}/scene?version={self.version}")

    def to_document(self) -> "Document":
        """Fetch this version as a Bokeh Document, to look into or to change and publish again.

        Raises:
            CloudError: see `Connection.request`; also for documents with custom models, which this Python
            does not know: those come by `to_json` only.
        """
        from .download import as_document

        return as_document(self.to_json())

    def _repr_html_(self) -> str:
        from .notebook import html_of

        return html_of(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    @property
    def _path(self) -> str:
        return f"/{quote(self.user_id)}/plots/{quote(self.id)}"

    def _change(self, **changes: str) -> None:
        self._take(self._connection.json("PATCH", self._path, json=changes))
