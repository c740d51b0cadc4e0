"""Copies plots into the account of the API key."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import CloudError

PATH = re.compile(r"/plots/([a-z2-7]+)/(?:show|embed)")


def clone(connection: Connection, plot: str, name: str | None = None) -> Mapping[str, Any]:
    """Copy a plot on the server and return the summary of the copy; no data are sent.

    Args:
        connection: to the server that has the plot.
        plot: its id, or the URL of its page; a private plot needs the URL of a share link.
        name: of the copy; by default that of the plot.

    Raises:
        CloudError: the URL is not that of a plot on this server.
        NotFound: there is no such plot, or the account may not read it.
        Rejected: the name is taken.
    """
    body = parse_plot_url(connection, plot) if "://" in plot else {"plot": plot}
    if name is not None:
        body["name"] = name
    user = connection.json("GET", "/whoami")["user_id"]
    summary: Mapping[str, Any] = connection.json("POST", f"/{quote(user)}/clone", json=body)
    return summary


def parse_plot_url(connection: Connection, url: str) -> dict[str, Any]:
    """Return the id of the plot of a URL, and its version and its share link, if the URL has them.

    Raises:
        CloudError: it is not the URL of a plot on this server.
    """
    parts = urlsplit(url)
    path = PATH.fullmatch(url.partition("?")[0].removeprefix(connection.url))
    if path is None:
        raise CloudError(f"{url} is not the URL of a plot on {connection.url}.")
    query = parse_qs(parts.query)
    request: dict[str, Any] = {"plot": path[1]}
    if "share" in query:
        request["share"] = query["share"][0]
    if "version" in query and query["version"][0].isdecimal():
        request["version"] = int(query["version"][0])
    return request
