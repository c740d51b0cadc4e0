"""The routes of share links, a class each."""

import falcon
import msgspec

from bokeh_common.http.operations import Answer, Operation
from bokeh_plots import api
from bokeh_plots.resources import READ, WRITE, Resource


class Shares(Resource):
    """`GET` and `POST /{user}/plots/{plot}/shares`."""

    access = {"GET": READ, "POST": WRITE}
    describe = {
        "GET": Operation({200: api.Shares}),
        "POST": Operation(
            {201: Answer(api.MadeShare, headers=("Location",))},
            body=api.NewShare,
            problems=("conflict",),
            example={"expires": "2031-01-31T12:00:00Z", "origins": ["https://example.org"]},
        ),
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """List the share links, without their tokens."""
        self._plot(req, plot, user)
        resp.media = {"shares": self._auth.shares(user, plot)}

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Make a share link; its address is in this answer and never again."""
        found = self._plot(req, plot, user)
        wishes = msgspec.to_builtins(self._body(req, api.NewShare))
        share = self._auth.share(user, plot, wishes, req.get_header("Authorization"))
        query = f"?share={share.pop('token')}"
        resp.status = falcon.HTTP_201
        resp.location = f"/{user}/plots/{plot}/shares/{share['id']}"
        resp.set_header("Cache-Control", "no-store")
        resp.media = {**share, "show": found.summary["show"] + query, "embed": found.summary["embed"] + query}


class OneShare(Resource):
    """`DELETE /{user}/plots/{plot}/shares/{share}`."""

    access = {"DELETE": WRITE}
    describe = {"DELETE": Operation({204: None})}

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str, share: str) -> None:
        """Revoke a share link."""
        self._plot(req, plot, user)
        self._auth.revoke_share(user, plot, share, req.get_header("Authorization"))
        resp.status = falcon.HTTP_204
