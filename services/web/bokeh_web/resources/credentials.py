"""The pages of an account's credentials: API keys, sessions and share links."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.auth.access import authorization_of
from bokeh_common.timestamps import format_timestamp, now
from bokeh_web.pages.forms import redirect
from bokeh_web.pages.jinja_filters import parse_positive_integer
from bokeh_web.resources.account import OWNER
from bokeh_web.resources.base import FORM, FORM_AND_PAGE, PAGE, WebResource, user_of
from bokeh_web.resources.schemas import ApiKeyForm, Form, RevokeKeyForm

#: The longest lifetime of a new credential.
MAX_DAYS = 3650

#: The scopes that are preselected for a new key.
DEFAULT_SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "account")

#: What each scope means to users.
MEANINGS = {
    "plots:read": "See your plots",
    "plots:write": "Publish, change and delete plots",
    "data:read": "Read your data",
    "data:write": "Upload and change data",
    "gc:run": "List unused data, and delete it",
    "keys:write": "Create and revoke API keys",
    "account": "See which account it belongs to",
}


class ApiKeysPage(WebResource):
    """`GET` and `POST /account/keys`."""

    access = {"GET": OWNER, "POST": OWNER}
    describe = {"GET": PAGE, "POST": FORM_AND_PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the API keys."""
        await self._respond_with_keys(req, resp, None)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Create an API key, which only this page shows."""
        form = await self._read_form(req, ApiKeyForm)
        expires = expiry_of(form.expires)
        created = await self._domain.auth.create_key(
            user_of(req), form.name, form.scopes, expires, authorization_of(req)
        )
        await self._respond_with_keys(req, resp, created)

    async def _respond_with_keys(self, req: Request, resp: Response, created: dict[str, Any] | None) -> None:
        granted = req.context.principal.scopes
        scopes = [
            (scope, meaning, scope in DEFAULT_SCOPES)
            for scope, meaning in MEANINGS.items()
            if scope in granted
        ]
        keys = await self._domain.auth.keys(user_of(req), authorization_of(req))
        values = {"keys": keys, "scopes": scopes, "created": created, "server": self._server_url(req)}
        await self._respond_with_page(req, resp, "account/keys.html", **values)


class RevokeKeyAction(WebResource):
    """`GET` and `POST /account/keys/{key}/revoke`, since forms cannot send DELETE."""

    access = {"GET": OWNER, "POST": OWNER}
    describe = {"GET": PAGE, "POST": replace(FORM, responses={**PAGE.responses, **FORM.responses})}

    async def on_get(self, req: Request, resp: Response, key: str) -> None:
        """Ask for a confirmation, also browsers that reload it."""
        await self._ask(req, resp, key)

    async def on_post(self, req: Request, resp: Response, key: str) -> None:
        """Revoke an API key, after a confirmation."""
        form = await self._read_form(req, RevokeKeyForm)
        if form.sure is None:
            await self._ask(req, resp, key)
            return
        await self._domain.auth.revoke_key(user_of(req), key, authorization_of(req))
        redirect(resp, "/account/keys")

    async def _ask(self, req: Request, resp: Response, key: str) -> None:
        keys = await self._domain.auth.keys(user_of(req), authorization_of(req))
        found = next((item for item in keys if item["id"] == key), None)
        if found is None:
            raise NotFound("There is no such key. Perhaps it was revoked already.")
        await self._respond_with_page(req, resp, "account/revoke_key.html", key=found)


class SessionsPage(WebResource):
    """`GET /account/sessions`."""

    access = {"GET": OWNER}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the account's sessions."""
        sessions = await self._domain.auth.sessions(authorization_of(req))
        await self._respond_with_page(req, resp, "account/sessions.html", sessions=sessions)


class EndSessionAction(WebResource):
    """`POST /account/sessions/{session}/end`."""

    access = {"POST": OWNER}
    describe = {"POST": FORM}

    async def on_post(self, req: Request, resp: Response, session: str) -> None:
        """End a session."""
        await self._read_form(req, Form)
        await self._domain.auth.end_session(session, authorization_of(req))
        redirect(resp, "/account/sessions")


class ShareLinksPage(WebResource):
    """`GET /account/shares`."""

    access = {"GET": OWNER}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the share links of all plots."""
        plots, links = await asyncio.gather(
            self._domain.plots.all(user_of(req), authorization_of(req)),
            self._domain.auth.share_links(authorization_of(req)),
        )
        by_id = {plot["id"]: plot for plot in plots}
        shares = [{**share, "of": by_id[share["plot"]]} for share in links if share["plot"] in by_id]
        await self._respond_with_page(req, resp, "account/shares.html", shares=shares)


def expiry_of(days: str) -> str | None:
    """Return the time in `days` days, RFC 3339; None, which means never, for an empty text.

    Raises:
        Invalid: it is not a number of days from 1 to `MAX_DAYS`.
    """
    if days == "":
        return None
    number = parse_positive_integer(days)
    if number is None or number > MAX_DAYS:
        raise Invalid("Choose from the list when it expires.")
    return format_timestamp(now() + timedelta(days=number))
