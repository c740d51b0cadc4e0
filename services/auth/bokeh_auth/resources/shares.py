"""The routes of share links, for other services: the plots service knows who owns a plot."""

from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_auth.credentials.share_links import ShareLinks
from bokeh_auth.credentials.store import Credential
from bokeh_auth.resources import schemas
from bokeh_auth.resources.audited import AuditedResource
from bokeh_auth.resources.login import OWN_SESSIONS
from bokeh_common.http.auth.access import Access
from bokeh_common.http.request_body import read_body
from bokeh_common.http.server.thread_pools import STORAGE

SHARES = Access(None, service="internal:shares")


class ShareList(AuditedResource):
    """`GET` and `POST /internal/auth/shares/{user}/{plot}`."""

    access = {"GET": SHARES, "POST": SHARES}

    async def on_get(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """List the share links of a plot, without their tokens."""
        shares = await STORAGE.run(self._domain.shares.of_plot, user, plot)
        resp.media = {"shares": [_summary(share) for share in shares]}

    async def on_post(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """Create a share link; only this response contains its token."""
        body = await read_body(req, schemas.MAX_JSON_BYTES, schemas.ShareLinkRequest)
        share, token = await STORAGE.run(self._create, req, user, plot, body)
        resp.status = falcon.HTTP_201
        resp.media = {**_summary(share), "token": token}

    def _create(
        self, req: Request, user: str, plot: str, body: schemas.ShareLinkRequest
    ) -> tuple[Credential, str]:
        with self._audited(req, "shares.make", user, plot=plot) as facts:
            share, token = self._domain.shares.create(user, plot, body.origins, body.expires, body.history)
            facts.update(share=share.id, expires=share.expires, history=share.history)
        return share, token


class OneShare(AuditedResource):
    """`DELETE /internal/auth/shares/{user}/{plot}/{share}`."""

    access = {"DELETE": SHARES}

    async def on_delete(self, req: Request, resp: Response, user: str, plot: str, share: str) -> None:
        """Revoke a share link."""
        await STORAGE.run(self._revoke, req, user, plot, share)
        resp.status = falcon.HTTP_204

    def _revoke(self, req: Request, user: str, plot: str, share: str) -> None:
        with self._audited(req, "shares.revoke", user, plot=plot, share=share):
            self._domain.shares.revoke(user, plot, share)


class AccountShares:
    """`GET /internal/auth/shares`."""

    access = {"GET": OWN_SESSIONS}

    def __init__(self, shares: ShareLinks) -> None:
        self._shares = shares

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the caller's share links of all plots, without their tokens."""
        found = await STORAGE.run(self._shares.of_account, req.context.principal.user_id)
        resp.media = {"shares": [{**_summary(share), "plot": share.only} for share in found]}


def _summary(share: Credential) -> dict[str, Any]:
    names = ("id", "created", "expires", "used", "origins", "history")
    return {name: getattr(share, name) for name in names}
