"""A published plot, as the server describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .connection import Connection

if TYPE_CHECKING:  # Bokeh takes half a second to import; a list of plots does without
    from bokeh.core.serialization import Serialized


@dataclass(frozen=True, slots=True)
class Plot:
    """One version of a named document. `url` is its page, `embed_url` the bare frame for other pages.

    `unchanged` is true where publishing found nothing new: then there is no new version.
    """

    id: str
    name: str
    title: str
    user_id: str
    version: int
    visibility: str
    url: str
    embed_url: str
    created: datetime
    modified: datetime
    unchanged: bool = False
    _connection: Connection = field(repr=False, compare=False, kw_only=True)

    @classmethod
    def from_summary(cls, summary: Mapping[str, Any], connection: Connection) -> "Plot":
        """Read the server's JSON summary of a plot."""
        return cls(
            id=summary["id"],
            name=summary["name"],
            title=summary.get("title") or summary["name"],
            user_id=summary["user_id"],
            version=summary["version"],
            visibility=summary["visibility"],
            url=connection.url + summary["show"],
            embed_url=connection.url + summary["embed"],
            created=datetime.fromisoformat(summary["created"]),
            modified=datetime.fromisoformat(summary["modified"]),
            unchanged=summary.get("unchanged", False),
            _connection=connection,
        )

    def __repr__(self) -> str:
        return f"<Plot {self.name!r} version {self.version}, {self.visibility}: {self.url}>"

    def to_json(self) -> "Serialized[Any]":
        """Fetch this version and return what `Document.to_json()` returned where it was published.

        The ids of its buffers are other ones; everything else is the same, bit for bit.

        Raises:
            CloudError: see `Connection.request`.
        """
        from .download import document_of

        path = f"/{quote(self.user_id)}/plots/{quote(self.id)}"
        return document_of(self._connection, self.user_id, f"{path}/scene?version={self.version}")
