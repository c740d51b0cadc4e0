"""Copies plots that one may read into one's own account."""

import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from .connection import Connection
from .errors import CloudError
from .plot import Plot

PATH = re.compile(r"/plots/([a-z2-7]+)/(?:show|embed)")


def clone(connection: Connection, plot: str, name: str | None = None) -> Plot:
    """Copy a plot into the account of the key, and return the copy; no data are sent.

    Args:
        connection: to the server that has the plot.
        plot: its id, or the address of its page, with the share link's token where it is private.
        name: of the copy; that of the plot without it.

    Raises:
        CloudError: the address is none of a plot of this server.
        NotFound: there is no such plot, or one may not see it.
        Rejected: the name is taken.
    """
    body = _wish(connection, plot) if "://" in plot else {"plot": plot}
    if name is not None:
        body["name"] = name
    user = connection.json("GET", "/whoami")["user_id"]
    return Plot(connection.json("POST", f"/{quote(user)}/clone", json=body), connection)


def _wish(connection: Connection, address: str) -> dict[str, Any]:
    parts = urlsplit(address)
    path = PATH.fullmatch(address.partition("?")[0].removeprefix(connection.url))
    if path is None:
        raise CloudError(f"{address} is no address of a plot on {connection.url}.")
    query = parse_qs(parts.query)
    wish: dict[str, Any] = {"plot": path[1]}
    if "share" in query:
        wish["share"] = query["share"][0]
    if "version" in query and query["version"][0].isdecimal():
        wish["version"] = int(query["version"][0])
    return wish
