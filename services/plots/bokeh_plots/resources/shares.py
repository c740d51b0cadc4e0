"""The routes of share links."""

import falcon
import msgspec
from falcon.asgi import Request, Response

from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_plots.resources import schemas
from bokeh_plots.resources.base import READ, WRITE, PlotResource


class PlotShares(PlotResource):
    """`GET` and `POST /{user}/plots/{plot}/shares`."""

    access = {"GET": READ, "POST": WRITE}
    describe = {
        "GET": Operation({200: schemas.SharePage}),
        "POST": Operation(
            {201: ResponseSpec(schemas.MadeShare, headers=("Location",))},
            body=schemas.ShareRequest,
            problems=("conflict",),
            example={"expires": "2031-01-31T12:00:00Z", "origins": ["https://example.org"]},
        ),
    }

    async def on_get(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """List the share links, without their tokens."""
        await self._find(req, plot, user)
        resp.media = {"shares": await self._domain.auth.shares(user, plot)}

    async def on_post(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """Create a share link; only this response contains its token."""
        body = msgspec.to_builtins(await self._body(req, schemas.ShareRequest))
        found = await self._find(req, plot, user)
        share = await self._domain.auth.create_share(user, plot, body, req.get_header("Authorization"))
        query = f"?share={share.pop('token')}"
        resp.status = falcon.HTTP_201
        resp.location = f"/{user}/plots/{plot}/shares/{share['id']}"
        resp.set_header("Cache-Control", "no-store")
        resp.media = {**share, "show": found.summary["show"] + query, "embed": found.summary["embed"] + query}


class PlotShare(PlotResource):
    """`DELETE /{user}/plots/{plot}/shares/{share}`."""

    access = {"DELETE": WRITE}
    describe = {"DELETE": Operation({204: None})}

    async def on_delete(self, req: Request, resp: Response, user: str, plot: str, share: str) -> None:
        """Revoke a share link."""
        await self._find(req, plot, user)
        await self._domain.auth.revoke_share(user, plot, share, req.get_header("Authorization"))
        resp.status = falcon.HTTP_204
