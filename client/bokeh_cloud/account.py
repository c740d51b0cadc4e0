"""An account on a server: the connection to it, its username, and lists that come in pages."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from bokeh_cloud.arguments import KnownAttributes
from bokeh_cloud.connection import Connection


class AccountClient(KnownAttributes):
    """The account on a server that the API key of a connection belongs to.

    Args:
        connection: to the server.
        user_id: the username if it is known, which saves a request.
    """

    def __init__(self, connection: Connection, user_id: str | None = None):
        self._connection = connection
        if user_id is not None:
            vars(self)["user_id"] = user_id

    @property
    def connection(self) -> Connection:
        """The connection to the server."""
        return self._connection

    @property
    def url(self) -> str:
        """The server's URL, without a trailing slash."""
        return self.connection.url

    @cached_property
    def user_id(self) -> str:
        """The username of the account; `local` on a server without accounts."""
        return str(self.whoami()["user_id"])

    @property
    def user_path(self) -> str:
        """The path under which the API serves the account, `/{user}`."""
        return f"/{quote(self.user_id)}"

    def whoami(self) -> dict[str, Any]:
        """Return the account's `user_id`, the key's `scopes`, and whether the server is `keyless`.

        Raises:
            CloudError: the server cannot be reached, or rejected the request.
        """
        return dict(self.connection.json("GET", "/whoami"))

    def pages(self, path: str | None) -> Iterator[Any]:
        """Yield the JSON pages of a list by following `Link: rel="next"` (RFC 8288).

        Only the path of a link is used, so that the key is sent to this server alone.
        """
        while path is not None:
            response = self.connection.request("GET", path)
            yield self.connection.decode(response)
            link = response.links.get("next", {}).get("url")
            path = urlsplit(link)._replace(scheme="", netloc="").geturl() if link else None
