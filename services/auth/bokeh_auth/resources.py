"""The public routes of keys, a class each: read the request, call the domain, write the answer."""

from datetime import timedelta
from typing import Any

import falcon

from bokeh_auth import api
from bokeh_auth.acts import Acts
from bokeh_auth.keys import Keys
from bokeh_auth.scopes import PUBLISHING, SCOPES
from bokeh_auth.vault import Credential
from bokeh_common.errors import Forbidden, Invalid
from bokeh_common.http.auth import ANY_KEY, Access, Principal
from bokeh_common.http.body import read_json
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import Paging, link_next, page_of

MAX_JSON_BYTES = 1 << 16


class WhoAmI:
    """`GET /whoami`."""

    access = {"GET": Access(ANY_KEY)}
    describe = {"GET": Operation({200: api.WhoAmI})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell the caller the account and the scopes of the key that was sent."""
        principal = req.context.principal
        if not SCOPES.keys() & principal.scopes:
            raise Forbidden("This is the token of a service; it opens no account.")
        keyless = req.get_header("Authorization") is None
        resp.media = {"user_id": principal.user_id, "scopes": sorted(principal.scopes), "keyless": keyless}


class KeyList:
    """`GET` and `POST /{user}/keys`."""

    access = {"GET": Access("keys:write"), "POST": Access("keys:write")}
    describe = {
        "GET": Operation({200: Answer(api.KeyPage, headers=("Link",))}, query=Paging),
        "POST": Operation(
            {201: Answer(api.MadeKey, headers=("Location",))},
            body=api.NEW_KEY,
            problems=("too-many-keys",),
            example={"name": "laptop", "scopes": ["plots:read"], "expires": "2031-01-31T12:00:00Z"},
        ),
    }

    def __init__(self, keys: Keys, acts: Acts) -> None:
        self._keys = keys
        self._acts = acts

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List the keys, without their secrets."""
        after, limit = page_of(req)
        found = self._keys.page(user, after, limit)
        resp.media = {"keys": [key.summary for key in found]}
        if len(found) == limit:
            link_next(req, resp, found[-1].id, limit)

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Make a key, or the successor of one; its secret is in this answer and never again."""
        with self._acts.noting(req, "keys.make", user) as facts:
            made, secret = self._make(user, read_json(req, MAX_JSON_BYTES), req.context.principal)
            facts.update(key=made.id, scopes=made.scopes, expires=made.expires)
        resp.status = falcon.HTTP_201
        resp.location = f"/{user}/keys/{made.id}"
        resp.set_header("Cache-Control", "no-store")
        resp.media = {**made.summary, "key": secret}

    def _make(self, user: str, body: Any, maker: Principal) -> tuple[Credential, str]:
        held, until = maker.scopes, maker.expires if maker.by.startswith("keys/") else None
        match body:
            case {"rotates": str(old), **rest} if rest.keys() <= {"overlap_hours"}:
                hours = rest.get("overlap_hours", 24)
                if isinstance(hours, int | float) and 0 <= hours < 10_000:
                    return self._keys.rotate(user, old, timedelta(hours=hours), held, until)
            case {"name": str(name), **rest} if rest.keys() <= {"scopes", "expires"}:
                scopes, expires = list_of_texts(rest.get("scopes", list(PUBLISHING))), rest.get("expires")
                if scopes is not None and isinstance(expires, str | None):
                    return self._keys.make(user, name, scopes, expires, held, until)
        raise Invalid("Send {'name', 'scopes': [...], 'expires'} or {'rotates': id, 'overlap_hours'}.")


class OneKey:
    """`DELETE /{user}/keys/{key}`."""

    access = {"DELETE": Access("keys:write")}
    describe = {"DELETE": Operation({204: None})}

    def __init__(self, keys: Keys, acts: Acts) -> None:
        self._keys = keys
        self._acts = acts

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str, key: str) -> None:
        """Revoke a key."""
        with self._acts.noting(req, "keys.revoke", user, key=key):
            self._keys.revoke(user, key)
        resp.status = falcon.HTTP_204


def list_of_texts(value: object) -> list[str] | None:
    """Return `value` when it is a list of texts."""
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
