"""The routes of the plots service, a class each: read the request, call the domain, write the answer."""

from typing import Any, TypeVar

import falcon

from bokeh_common.errors import NotFound
from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_body, read_json, read_query
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import Paging, if_match, immutable, link_next, not_modified, page_of
from bokeh_plots import api
from bokeh_plots.documents import objects_of
from bokeh_plots.objects import Objects, split_ids
from bokeh_plots.peers import Auth
from bokeh_plots.permissions import may_see
from bokeh_plots.plots import Plot, Plots
from bokeh_plots.publication import parse_publication
from bokeh_plots.publishing import Publisher
from bokeh_plots.settings import Settings
from bokeh_plots.visits import Visits

T = TypeVar("T")

READ = Access("plots:read")
SEE = Access("plots:read", bound=True, visitors=True)
WRITE = Access("plots:write")
PUBLISH = Access("plots:write", counted="uploads")

PLOT_AS_IT_IS = Answer(api.Published, headers=("ETag", "Location"))


class Resource:
    """What the resources of this service hold."""

    def __init__(
        self,
        plots: Plots,
        publisher: Publisher,
        objects: Objects,
        auth: Auth,
        visits: Visits,
        settings: Settings,
    ) -> None:
        self._plots = plots
        self._visits = visits
        self._auth = auth
        self._publisher = publisher
        self._objects = objects
        self._settings = settings

    def _json(self, req: falcon.Request) -> Any:
        return read_json(req, self._settings.max_document_bytes)

    def _body(self, req: falcon.Request, kind: type[T]) -> T:
        return read_body(req, self._settings.max_document_bytes, kind)

    def _plot(self, req: falcon.Request, plot: str, owner: str | None = None) -> Plot:
        """Return a plot that the caller may see; of `owner`, where the path names one."""
        principal, found = req.context.principal, self._plots.by_id(plot)
        if not may_see(found, principal.user_id, principal.only) or owner not in {None, found.user_id}:
            raise NotFound("There is no such plot, or it is not yours to see.")
        return found


class Store(Resource):
    """`POST /{user}/store`."""

    access = {"POST": PUBLISH}
    describe = {
        "POST": Operation(
            {200: PLOT_AS_IT_IS, 201: PLOT_AS_IT_IS},
            body=api.Publish,
            headers=("If-Match",),
            problems=("invalid-document", "invalid-name", "missing-source", "missing-columns", "conflict"),
            example=api.PUBLISH_EXAMPLE,
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Publish a scene under a name."""
        publication = parse_publication(self._json(req))
        key = req.get_header("Authorization")
        plot, changed = self._publisher.publish(user, publication, key, if_match(req))
        if changed and plot.latest.version == 1:
            resp.status = falcon.HTTP_201
        _tell(resp, plot, changed)


class PlotList(Resource):
    """`GET /{user}/plots`."""

    access = {"GET": READ}
    describe = {"GET": Operation({200: Answer(api.PlotPage, headers=("Link",))}, query=Paging)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List the plots by name."""
        after, limit = page_of(req)
        plots = self._plots.page(user, after, limit)
        resp.media = {"plots": [plot.summary for plot in plots]}
        if len(plots) == limit:
            link_next(req, resp, plots[-1].name, limit)


class OnePlot(Resource):
    """`GET`, `PATCH` and `DELETE /{user}/plots/{plot}`."""

    access = {"GET": SEE, "PATCH": WRITE, "DELETE": WRITE}
    describe = {
        "GET": Operation({200: Answer(api.SceneGraph, headers=("ETag",))}, query=api.AtVersion),
        "PATCH": Operation(
            {200: PLOT_AS_IT_IS},
            body=api.Change,
            headers=("If-Match",),
            example={"title": "A title", "visibility": "link"},
        ),
        "DELETE": Operation({204: None}, headers=("If-Match",)),
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Show the objects of the scene graph, without data."""
        found = self._plot(req, plot, user)
        number = version_of(req)
        manifest = self._plots.manifest(found, number)
        document = self._plots.document(found, number)
        resp.media = {
            **found.summary,
            "version": number or found.latest.version,
            "bundles": manifest["bundles"],
            "extensions": manifest["extensions"],
            "roots": [f"{plot}.{root['id']}" for root in document["roots"]],
            "objects": {f"{plot}.{model}": item for model, item in objects_of(document).items()},
        }
        resp.etag = found.tag

    def on_patch(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Set the title or the visibility."""
        found = self._plot(req, plot, user)
        _tell(resp, self._publisher.change(found, self._json(req), if_match(req)), changed=True)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Delete the plot and its versions."""
        self._publisher.delete(self._plot(req, plot, user), if_match(req))
        resp.status = falcon.HTTP_204


class Versions(Resource):
    """`GET /{user}/plots/{plot}/versions`."""

    access = {"GET": READ}
    describe = {"GET": Operation({200: api.Versions})}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """List the versions, newest first."""
        resp.media = {"versions": self._plot(req, plot, user).history}


class Rollback(Resource):
    """`POST /{user}/plots/{plot}/rollback`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: PLOT_AS_IT_IS}, body=api.GoBack, headers=("If-Match",), example={"version": 1}
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Make a new version that shows what an old one showed."""
        number = self._body(req, api.GoBack).version
        _tell(resp, *self._publisher.rollback(self._plot(req, plot, user), number, if_match(req)))


class Scene(Resource):
    """`GET /{user}/plots/{plot}/scene`."""

    access = {"GET": SEE}
    describe = {
        "GET": Operation(
            {200: Answer(dict[str, Any], headers=("ETag",)), 304: None},
            query=api.AtVersion,
            headers=("If-None-Match",),
        )
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Send the scene: the Bokeh document, with hashes where the columns' bytes stood."""
        found, number = self._plot(req, plot, user), version_of(req)
        manifest = self._plots.manifest(found, number)
        if number is not None:
            immutable(resp)
        if not not_modified(req, resp, manifest["scene"]):
            resp.content_type = falcon.MEDIA_JSON
            resp.data = self._plots.scene(found, manifest)


class PlotSources(Resource):
    """`GET /{user}/plots/{plot}/data`."""

    access = {"GET": SEE}
    describe = {"GET": Operation({200: api.UsedSources}, query=api.AtVersion)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """List the ids of its data sources, not the data."""
        manifest = self._plots.manifest(self._plot(req, plot, user), version_of(req))
        resp.media = {"sources": manifest["sources"]}


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
        share = self._auth.share(user, plot, self._json(req), req.get_header("Authorization"))
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


class ManyObjects(Resource):
    """`GET /{user}/objects/{ids}`."""

    access = {"GET": READ}
    describe = {"GET": Operation({200: api.FoundObjects}, problems=("invalid", "damaged-column"))}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, ids: str) -> None:
        """Send objects with their data; one that is asked for alone and not there is a 404."""
        pairs = split_ids(ids)
        answer = self._objects.find(user, pairs, req.get_header("Authorization"))
        if not answer["objects"]:
            raise NotFound("There are no such objects.", missing=answer["missing"])
        resp.media = answer


def _tell(resp: falcon.Response, plot: Plot, changed: bool) -> None:
    resp.location = f"/{plot.user_id}/plots/{plot.id}"
    resp.etag = plot.tag
    resp.media = {**plot.summary, "unchanged": not changed}


def version_of(req: falcon.Request) -> int | None:
    """Return `?version=`; None for the newest."""
    return read_query(req, api.AtVersion).version
