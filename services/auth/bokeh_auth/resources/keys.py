"""The public routes of API keys."""

from datetime import timedelta
from typing import Any

import falcon
import msgspec
from falcon.asgi import Request, Response

from bokeh_auth.credentials.scopes import PUBLISHING, SCOPES
from bokeh_auth.credentials.store import Credential
from bokeh_auth.resources import schemas
from bokeh_auth.resources.audited import AuditedResource
from bokeh_common.errors import CloudError, Forbidden
from bokeh_common.http.auth.access import ANY_KEY, Access, Principal
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_body
from bokeh_common.http.responses import PageQuery, add_next_link, read_page_query
from bokeh_common.http.server.thread_pools import STORAGE


class WhoAmI:
    """`GET /whoami`."""

    access = {"GET": Access(ANY_KEY)}
    describe = {"GET": Operation({200: schemas.CallerInfo})}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Return the account and the scopes of the key of the request."""
        principal = req.context.principal
        if not SCOPES.keys() & principal.scopes:
            raise Forbidden("This is the token of a service; it opens no account.")
        keyless = req.get_header("Authorization") is None
        resp.media = {"user_id": principal.user_id, "scopes": sorted(principal.scopes), "keyless": keyless}


class KeyList(AuditedResource):
    """`GET` and `POST /{user}/keys`."""

    access = {"GET": Access("keys:write"), "POST": Access("keys:write")}
    describe = {
        "GET": Operation({200: ResponseSpec(schemas.KeyPage, headers=("Link",))}, query=PageQuery),
        "POST": Operation(
            {201: ResponseSpec(schemas.MadeKey, headers=("Location",))},
            body=schemas.KEY_REQUEST,
            problems=("too-many-keys",),
            example={"name": "laptop", "scopes": ["plots:read"], "expires": "2031-01-31T12:00:00Z"},
        ),
    }

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """List the keys, without their secrets."""
        after, limit = read_page_query(req)
        found = await STORAGE.run(self._domain.keys.page, user, after, limit)
        resp.media = {"keys": [key.summary for key in found]}
        if len(found) == limit:
            add_next_link(req, resp, found[-1].id, limit)

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Create a key, or the successor of one; only this response contains its secret."""
        try:
            request = schemas.key_request(await read_body(req, schemas.MAX_JSON_BYTES, dict[str, Any]))
        except CloudError as error:
            by = req.context.principal.by
            await STORAGE.run(self._record, req, "keys.make", user, "refused", why=error.kind, by=by)
            raise
        key, secret = await STORAGE.run(self._create, req, user, request)
        resp.status = falcon.HTTP_201
        resp.location = f"/{user}/keys/{key.id}"
        resp.set_header("Cache-Control", "no-store")
        resp.media = {**key.summary, "key": secret}

    def _create(
        self, req: Request, user: str, request: schemas.NewKey | schemas.KeyRotation
    ) -> tuple[Credential, str]:
        with self._audited(req, "keys.make", user) as facts:
            key, secret = self._issue(user, request, req.context.principal)
            facts.update(key=key.id, scopes=key.scopes, expires=key.expires)
        return key, secret

    def _issue(
        self, user: str, request: schemas.NewKey | schemas.KeyRotation, caller: Principal
    ) -> tuple[Credential, str]:
        keys, held = self._domain.keys, caller.scopes
        until = caller.expires if caller.by.startswith("keys/") else None
        if isinstance(request, schemas.KeyRotation):
            overlap = timedelta(hours=request.overlap_hours)
            return keys.rotate(user, request.rotates, overlap, held, until)
        scopes = PUBLISHING if request.scopes is msgspec.UNSET else request.scopes
        return keys.create(user, request.name, scopes, request.expires, held, until)


class OneKey(AuditedResource):
    """`DELETE /{user}/keys/{key}`."""

    access = {"DELETE": Access("keys:write")}
    describe = {"DELETE": Operation({204: None})}

    async def on_delete(self, req: Request, resp: Response, user: str, key: str) -> None:
        """Revoke a key."""
        await STORAGE.run(self._revoke, req, user, key)
        resp.status = falcon.HTTP_204

    def _revoke(self, req: Request, user: str, key: str) -> None:
        with self._audited(req, "keys.revoke", user, key=key):
            self._domain.keys.revoke(user, key)
