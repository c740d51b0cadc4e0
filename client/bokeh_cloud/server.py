"""The server as a Python object: what a person calls."""

import os
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from .address import resolve
from .connection import Connection
from .plot import Plot

if TYPE_CHECKING:  # Bokeh takes half a second to import; a list of plots does without
    from .documents import Publishable


class Server:
    """A Bokeh Cloud server.

    Without a URL, the one of `BOKEH_CLOUD_URL`, else http://localhost:5006. `apikey` defaults to
    `BOKEH_CLOUD_API_KEY`; a server on one's own computer may need none. Making one asks the network nothing.

    Raises:
        CloudError: the URL is none.
        NotPermitted: the key would travel unencrypted to another computer.
    """

    def __init__(self, url: str | None = None, *, apikey: str | None = None):
        self._connection = Connection(resolve(url, apikey, os.environ))

    def __repr__(self) -> str:
        return f"Server({self.url!r})"

    @property
    def url(self) -> str:
        """The server's URL, without a slash at its end."""
        return self._connection.url

    @cached_property
    def user_id(self) -> str:
        """The account that the key belongs to; `local` on a server without accounts."""
        return str(self._connection.json("GET", "/whoami")["user_id"])

    def publish(self, obj: "Publishable", name: str, *, title: str | None = None) -> Plot:
        """Publish a figure, a layout, a list of these, or a Document, and return where it is.

        The first time, `name` gets a URL, which it keeps: publishing under the same name makes a new version
        there, or none where nothing has changed. Only data that the server does not have are sent. Plots
        begin private.

        Raises:
            NotPublishable: the object or the name cannot be a plot's; nothing was sent.
            CloudError: the server cannot be reached, or refused; the plot is as it was before.
        """
        from .publishing import prepare

        publication = prepare(obj, name, title)
        return Plot.from_summary(publication.send(self._connection, self.user_id), self._connection)

    def plots(self) -> list[Plot]:
        """Return all plots of the account.

        Raises:
            CloudError: the server cannot be reached, or refused.
        """
        pages = self._pages(f"/{quote(self.user_id)}/plots")
        return [Plot.from_summary(summary, self._connection) for page in pages for summary in page["plots"]]

    def _pages(self, path: str | None) -> Iterator[Any]:
        """Follow `Link: rel="next"` (RFC 8288). Only its path counts: the key goes to this server alone."""
        while path is not None:
            response = self._connection.request("GET", path)
            yield self._connection.decode(response)
            link = response.links.get("next", {}).get("url")
            path = urlsplit(link)._replace(scheme="", netloc="").geturl() if link else None
