"""An account's data as a whole, for the auth service; the gateway does not route these paths."""

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access
from bokeh_common.http.block_stream import BlockStream
from bokeh_common.http.request_body import read_body, read_query
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_data.resources.base import DataResource
from bokeh_data.resources.schemas.internal import ByteReservationRequest, StoredBytesQuery

MAX_JSON_BYTES = 1 << 10

USAGE = Access(None, service="internal:usage")
ACCOUNT_DATA = Access(None, service="internal:account-data")


class AccountData(DataResource):
    """`GET` and `DELETE /internal/data/accounts/{user}`."""

    access = {"GET": ACCOUNT_DATA, "DELETE": ACCOUNT_DATA}

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Count the account's data."""
        resp.media = await STORAGE.run(self._domain.usage.count, user)

    async def on_delete(self, req: Request, resp: Response, user: str) -> None:
        """Delete some of the account's data; requested again until it is `done`."""
        resp.media = await STORAGE.run(self._domain.usage.delete, user)


class ByteReservations(DataResource):
    """`POST /internal/data/usage/{user}`."""

    access = {"POST": USAGE}

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Reserve bytes that the plots service is going to store, within the quota of the account."""
        body = await read_body(req, MAX_JSON_BYTES, ByteReservationRequest)
        resp.media = {"id": await self._domain.plots_usage.reserve(user, body.bytes, body.limit)}


class ByteReservation(DataResource):
    """`DELETE /internal/data/usage/{user}/{reservation}`."""

    access = {"DELETE": USAGE}

    async def on_delete(self, req: Request, resp: Response, user: str, reservation: str) -> None:
        """End a reservation; `?stored=` says how many bytes were stored."""
        stored = read_query(req, StoredBytesQuery).stored
        await self._domain.plots_usage.settle(user, reservation, stored)
        resp.status = falcon.HTTP_204


class DataArchive(DataResource):
    """`GET /internal/data/accounts/{user}/archive`."""

    access = {"GET": ACCOUNT_DATA}

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Send the account's data as the files of a tar archive, without its end."""
        resp.content_type = "application/x-tar"
        resp.stream = await BlockStream.start(self._domain.exporter.blocks, user)
