"""`/internal/plots/accounts/{user}`: what the auth service asks for the owner of an account."""

import falcon

from bokeh_common.http.auth import Access
from bokeh_plots.archive import Archive
from bokeh_plots.holdings import Holdings

HOLDINGS = Access(None, service="internal:holdings")


class AccountHoldings:
    """`GET` and `DELETE /internal/plots/accounts/{user}`; the gateway does not know this path."""

    access = {"GET": HOLDINGS, "DELETE": HOLDINGS}

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Count what the account has."""
        resp.media = {"plots": self._holdings.count(user)}

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Delete some of what the account has; asked until it is `done`."""
        resp.media = self._holdings.erase(user)


class AccountArchive:
    """`GET /internal/plots/accounts/{user}/archive`; the gateway does not know this path."""

    access = {"GET": HOLDINGS}

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Send what the account has as the files of an archive, without what ends one."""
        resp.content_type = "application/x-tar"
        resp.stream = self._archive.blocks(user)
