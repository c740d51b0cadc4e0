"""The routes with which the auth service counts, exports and erases what an account has."""

from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access
from bokeh_common.http.block_stream import BlockStream
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_plots.plots.account_export import PlotExporter
from bokeh_plots.plots.account_usage import PlotUsage

ACCOUNT_DATA = Access(None, service="internal:account-data")


class AccountPlots:
    """`GET` and `DELETE /internal/plots/accounts/{user}`."""

    access = {"GET": ACCOUNT_DATA, "DELETE": ACCOUNT_DATA}

    def __init__(self, usage: PlotUsage) -> None:
        self._usage = usage

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Count the plots of an account, and the bytes that it stores in this service."""
        plots, size = await STORAGE.run(lambda: (self._usage.count(user), self._usage.stored_bytes(user)))
        resp.media = {"plots": plots, "bytes": size}

    async def on_delete(self, req: Request, resp: Response, user: str) -> None:
        """Delete some of what the account has; the request is repeated until the response says `done`."""
        resp.media = await STORAGE.run(self._usage.erase, user)


class StoredBytes:
    """`GET /internal/plots/usage/{user}`."""

    access = {"GET": Access(None, service="internal:usage")}

    def __init__(self, usage: PlotUsage) -> None:
        self._usage = usage

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Count the bytes that an account stores in this service."""
        resp.media = {"bytes": await STORAGE.run(self._usage.stored_bytes, user)}


class PlotArchive:
    """`GET /internal/plots/accounts/{user}/archive`."""

    access = {"GET": ACCOUNT_DATA}

    def __init__(self, exporter: PlotExporter) -> None:
        self._exporter = exporter

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Return the account's plots as files of a tar archive, without its end."""
        resp.content_type = "application/x-tar"
        resp.stream = await BlockStream.start(self._exporter.blocks, user)
