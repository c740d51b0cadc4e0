"""Share links: anyone who has one can open one plot, until it expires or is revoked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bokeh_cloud.connection import Connection


class Share:
    """A share link. Only `Plot.share` returns its `url` and `embed_url`, which the server does not store."""

    def __init__(self, summary: Mapping[str, Any], connection: Connection, plot_path: str):
        self._connection = connection
        self._plot_path = plot_path
        self.id: str = summary["id"]
        self.url: str | None = connection.url + summary["show"] if "show" in summary else None
        self.embed_url: str | None = connection.url + summary["embed"] if "embed" in summary else None
        self.created = datetime.fromisoformat(summary["created"])
        self.expires = datetime.fromisoformat(summary["expires"]) if summary.get("expires") else None
        self.origins: tuple[str, ...] = tuple(summary.get("origins", ()))
        self.history: bool = summary.get("history", False)

    def __repr__(self) -> str:
        until = f" until {self.expires:%Y-%m-%d %H:%M %Z}" if self.expires else ""
        return f"<Share {self.id}{until}: {self.url or 'its URL was returned once'}>"

    def revoke(self) -> None:
        """Revoke the link, which opens nothing from then on."""
        self._connection.request("DELETE", f"{self._plot_path}/shares/{quote(self.id, safe='')}")
