"""What the owner of a plot does on its page: name, open, share, go back, delete."""

from typing import Any

import falcon

from bokeh_common.errors import Invalid
from bokeh_common.http.auth import Access
from bokeh_common.http.body import check_length
from bokeh_common.http.operations import Operation
from bokeh_common.http.replies import AtVersion
from bokeh_web.forms import go
from bokeh_web.resources.account import expiry_of
from bokeh_web.resources.base import (
    FORM,
    FORM_AND_PAGE,
    PAGE,
    READ,
    SEE,
    WRITE,
    Resource,
    key_of,
    user_of,
    version_of,
)
from bokeh_web.resources.plot import Show
from bokeh_web.words import whole

MAX_PICTURE_BYTES = 2 << 20

#: Sent by the script of the page, as the forms of the page send a field.
FORM_TOKEN_HEADER = "Bokeh-Cloud-Form"  # noqa: S105  # the name of a header


PICTURE = Operation({204: None}, body=bytes, media=(falcon.MEDIA_PNG,), query=AtVersion)


class Changes(Resource):
    """`POST /plots/{plot}/settings`."""

    access = {"POST": WRITE}
    describe = {"POST": FORM}

    def on_post(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Set title or visibility."""
        form = self._form(req)
        changes: dict[str, Any] = {name: form[name] for name in ("title", "visibility") if name in form}
        self._site.plots.change(user_of(req), plot, changes, key_of(req))
        go(resp, f"/plots/{plot}/show")


class Rollback(Resource):
    """`POST /plots/{plot}/rollback`."""

    access = {"POST": WRITE}
    describe = {"POST": FORM}

    def on_post(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Show an old version again, as a new one."""
        version = whole(self._form(req).get("version", ""))
        if version is None:
            raise Invalid("Choose the version to go back to.")
        self._site.plots.roll_back(user_of(req), plot, version, key_of(req))
        go(resp, f"/plots/{plot}/show")


class Clone(Resource):
    """`POST /plots/{plot}/clone`."""

    access = {"POST": Access("plots:write", besides=("data:write",))}
    describe = {"POST": FORM}

    def on_post(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Copy a plot that one may see into one's own account."""
        name = self._form(req).get("name", "")
        made = self._site.plots.clone(user_of(req), plot, name, key_of(req))
        go(resp, made["show"])


class NewShare(Show):
    """`GET` and `POST /plots/{plot}/shares`; the first is for who reloads the answer of the second."""

    access = {"GET": READ, "POST": WRITE}
    describe = {"GET": PAGE, "POST": FORM_AND_PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Send back to the page of the plot."""
        self._site.plots.view(plot, None, key_of(req))
        go(resp, f"/plots/{plot}/show")

    def on_post(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Make a share link and show it, this once."""
        form = self._form(req)
        wishes: dict[str, Any] = {"origins": form.get("origins", "").replace(",", " ").split()}
        if expires := expiry_of(form.get("expires", "")):
            wishes["expires"] = expires
        made = self._site.plots.share(user_of(req), plot, wishes, key_of(req))
        self._page(req, resp, plot, made)


class RevokedShare(Resource):
    """`POST /plots/{plot}/shares/{share}/revoke`."""

    access = {"POST": WRITE}
    describe = {"POST": FORM}

    def on_post(self, req: falcon.Request, resp: falcon.Response, plot: str, share: str) -> None:
        """Revoke a share link; the form says to which of the two pages with such links to go back."""
        back = self._form(req).get("back")
        self._site.plots.revoke_share(user_of(req), plot, share, key_of(req))
        go(resp, "/account/shares" if back == "account" else f"/plots/{plot}/show")


class NewThumbnail(Resource):
    """`PUT /plots/{plot}/thumbnail`."""

    access = {"PUT": WRITE}
    describe = {"PUT": PICTURE}

    def on_put(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Keep the picture that the owner's browser drew of a version; the plots service checks it."""
        self._site.cookies.demand_form(req, {"form_token": req.get_header(FORM_TOKEN_HEADER) or ""})
        check_length(req, MAX_PICTURE_BYTES)
        picture = req.bounded_stream.read()
        version = version_of(req)
        self._site.plots.keep_thumbnail(user_of(req), plot, picture, version, key_of(req))
        resp.status = falcon.HTTP_204


class Thumbnail(Resource):
    """`GET /plots/{plot}/thumbnail.png`."""

    access = {"GET": SEE}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Send the picture of a plot, to those who may see the plot."""
        resp.data = self._site.plots.thumbnail(plot, key_of(req))
        resp.content_type = falcon.MEDIA_PNG
        named = req.get_param("v") is not None  # pages name the picture by its hash
        resp.set_header("Cache-Control", f"private, max-age={31536000 if named else 300}")
