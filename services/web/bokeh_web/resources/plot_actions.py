"""What the owner of a plot can do on its page: rename, share, copy, versions, thumbnails."""

from dataclasses import replace
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access, authorization_of
from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.received_body import ReceivedBody, receive_body
from bokeh_common.http.request_body import check_length, read_query
from bokeh_common.http.responses import VersionQuery
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_web.pages.forms import redirect
from bokeh_web.resources.base import (
    FORM,
    FORM_AND_PAGE,
    PAGE,
    READ,
    SEE,
    WRITE,
    WebResource,
    user_of,
    version_of,
)
from bokeh_web.resources.credentials import expiry_of
from bokeh_web.resources.plot_page import ShowPlotPage
from bokeh_web.resources.schemas import (
    NEVER,
    CloneForm,
    DeleteVersionForm,
    PlotSettingsForm,
    RevokeShareLinkForm,
    RollbackForm,
    ShareLinkForm,
    ThumbnailQuery,
)
from bokeh_web.security.security_headers import allow_any_page

MAX_THUMBNAIL_BYTES = 2 << 20


class PlotSettingsAction(WebResource):
    """`POST /plots/{plot}/settings`."""

    access = {"POST": WRITE}
    describe = {"POST": FORM}

    async def on_post(self, req: Request, resp: Response, plot: str) -> None:
        """Change the name, the title, or the visibility and whether others see old versions."""
        form = await self._read_form(req, PlotSettingsForm)
        await self._domain.plots.change(user_of(req), plot, form.changes, authorization_of(req))
        redirect(resp, f"/plots/{plot}/show")


class RollbackAction(WebResource):
    """`POST /plots/{plot}/rollback`."""

    access = {"POST": WRITE}
    describe = {"POST": FORM}

    async def on_post(self, req: Request, resp: Response, plot: str) -> None:
        """Publish an old version again, as the newest one."""
        form = await self._read_form(req, RollbackForm)
        await self._domain.plots.roll_back(user_of(req), plot, form.version, authorization_of(req))
        redirect(resp, f"/plots/{plot}/show")


class ActionWithPage(WebResource):
    """The base class of actions that respond with a page: browsers that reload it send GET."""

    access = {"GET": READ, "POST": WRITE}
    describe = {"GET": PAGE, "POST": FORM_AND_PAGE}

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Redirect to the page of the plot."""
        await self._domain.plots.view(plot, None, authorization_of(req))
        redirect(resp, f"/plots/{plot}/show")


class DeleteVersionAction(ActionWithPage):
    """`GET` and `POST /plots/{plot}/versions/delete`."""

    describe = {"GET": PAGE, "POST": replace(FORM, responses={**PAGE.responses, **FORM.responses})}

    async def on_post(self, req: Request, resp: Response, plot: str) -> None:
        """Delete an old version, after a confirmation."""
        form = await self._read_form(req, DeleteVersionForm)
        if form.sure is None:
            view = await self._domain.plots.view(plot, form.version, authorization_of(req))
            [version] = [item for item in view["versions"] if item["version"] == form.version]
            await self._respond_with_page(req, resp, "plots/delete_version.html", view=view, version=version)
            return
        await self._domain.plots.delete_version(user_of(req), plot, form.version, authorization_of(req))
        redirect(resp, f"/plots/{plot}/show")


class CloneAction(WebResource):
    """`POST /plots/{plot}/clone`."""

    access = {"POST": Access("plots:write", extra_scopes=("data:write",))}
    describe = {"POST": FORM}

    async def on_post(self, req: Request, resp: Response, plot: str) -> None:
        """Copy a plot that the visitor may see into the visitor's account."""
        form = await self._read_form(req, CloneForm)
        copy = await self._domain.plots.clone(user_of(req), plot, form.name, authorization_of(req))
        redirect(resp, copy["show"])


class NewShareLinkAction(ActionWithPage, ShowPlotPage):
    """`GET` and `POST /plots/{plot}/shares`."""

    async def on_post(self, req: Request, resp: Response, plot: str) -> None:
        """Create a share link, which only this page shows."""
        form = await self._read_form(req, ShareLinkForm)
        origins = form.origins.replace(",", " ").split()
        options: dict[str, Any] = {"origins": origins, "history": form.history is not None}
        if form.expires:  # otherwise the default of the auth service applies
            options["expires"] = None if form.expires == NEVER else expiry_of(form.expires)
        created = await self._domain.plots.share(user_of(req), plot, options, authorization_of(req))
        await self._respond_with_plot(req, resp, plot, created)


class RevokeShareLinkAction(WebResource):
    """`POST /plots/{plot}/shares/{share}/revoke`."""

    access = {"POST": WRITE}
    describe = {"POST": FORM}

    async def on_post(self, req: Request, resp: Response, plot: str, share: str) -> None:
        """Revoke a share link, and return to the page from which the form was sent."""
        form = await self._read_form(req, RevokeShareLinkForm)
        await self._domain.plots.revoke_share_link(user_of(req), plot, share, authorization_of(req))
        redirect(resp, "/account/shares" if form.back == "account" else f"/plots/{plot}/show")


class ThumbnailUploadResource(WebResource):
    """`PUT /plots/{plot}/thumbnail`."""

    access = {"PUT": WRITE}
    describe = {"PUT": Operation({204: None}, body=bytes, media=(falcon.MEDIA_PNG,), query=VersionQuery)}

    async def on_put(self, req: Request, resp: Response, plot: str) -> None:
        """Store the thumbnail of a version that the owner's browser rendered."""
        self._require_form_token(req)
        check_length(req, MAX_THUMBNAIL_BYTES)
        with await receive_body(req) as body:
            png = await STORAGE.run(_read_all, body)
        await self._domain.plots.set_thumbnail(
            user_of(req), plot, png, version_of(req), authorization_of(req)
        )
        resp.status = falcon.HTTP_204


class ThumbnailImageResource(WebResource):
    """`GET /plots/{plot}/thumbnail.png`."""

    access = {"GET": SEE}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Send the thumbnail of a plot, if the visitor may see the plot."""
        resp.data = await self._domain.plots.thumbnail(plot, authorization_of(req))
        resp.content_type = falcon.MEDIA_PNG
        # With `v`, another thumbnail has another URL.
        seconds = 300 if read_query(req, ThumbnailQuery).v is None else 31536000
        resp.set_header("Cache-Control", f"private, max-age={seconds}")
        is_signed_in = self._domain.session_cookie.read(req) is not None
        if self._domain.settings.accounts and not is_signed_in:
            allow_any_page(resp)  # it is in frames on other sites, for browsers without scripts


def _read_all(body: ReceivedBody) -> bytes:
    return b"".join(body.blocks(MAX_THUMBNAIL_BYTES))
