"""The routes of the plots service, a class each: read the request, call the domain, write the answer."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, TypeVar

import falcon
import msgspec

from bokeh_common.errors import NotFound
from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_body, read_json, read_query
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import (
    AtVersion,
    Paging,
    idempotency_key,
    if_match,
    immutable,
    link_next,
    not_modified,
    page_of,
)
from bokeh_plots import api
from bokeh_plots.documents import objects_of
from bokeh_plots.objects import Objects
from bokeh_plots.peers import Auth
from bokeh_plots.permissions import may_see
from bokeh_plots.plots import Plot, Plots
from bokeh_plots.publication import Publish, parse_publication
from bokeh_plots.publishing import Publisher, Terms
from bokeh_plots.scenes import Scenes
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
        scenes: Scenes,
        publisher: Publisher,
        objects: Objects,
        auth: Auth,
        visits: Visits,
        settings: Settings,
    ) -> None:
        self._plots = plots
        self._scenes = scenes
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
            body=Publish,
            headers=("If-Match", "Idempotency-Key"),
            problems=(
                "invalid-document",
                "invalid-name",
                "missing-source",
                "missing-columns",
                "key-reused",
                "quota-exceeded",
                "conflict",
            ),
            example=api.PUBLISH_EXAMPLE,
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Publish a scene under a name."""
        publication = parse_publication(self._json(req), self._settings.limits)
        key = req.get_header("Authorization")
        plot, changed = self._publisher.publish(user, publication, key, terms_of(req))
        tell(resp, plot, changed)


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
        "GET": Operation({200: Answer(api.SceneGraph, headers=("ETag",))}, query=AtVersion),
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
        scene = self._scenes.of(found, number)
        manifest, document = scene.manifest, scene.document
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
        changes = msgspec.to_builtins(self._body(req, api.Change))
        tell(resp, self._publisher.change(found, changes, if_match(req)), made=False)

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
            {200: PLOT_AS_IT_IS},
            body=api.GoBack,
            headers=("If-Match", "Idempotency-Key"),
            problems=("key-reused",),
            example={"version": 1},
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Make a new version that shows what an old one showed."""
        number = self._body(req, api.GoBack).version
        plot_now, changed = self._publisher.rollback(self._plot(req, plot, user), number, terms_of(req))
        tell(resp, plot_now, changed, made=False)


class Scene(Resource):
    """`GET /{user}/plots/{plot}/scene`."""

    access = {"GET": SEE}
    describe = {
        "GET": Operation(
            {200: Answer(dict[str, Any], headers=("ETag",)), 304: None},
            query=AtVersion,
            headers=("If-None-Match",),
        )
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Send the scene: the Bokeh document, with hashes where the columns' bytes stood."""
        found, number = self._plot(req, plot, user), version_of(req)
        scene = self._scenes.of(found, number)
        if number is not None:
            immutable(resp)
        if not not_modified(req, resp, scene.etag):
            resp.content_type = falcon.MEDIA_JSON
            _send(resp, scene.blocks)


class PlotSources(Resource):
    """`GET /{user}/plots/{plot}/data`."""

    access = {"GET": SEE}
    describe = {"GET": Operation({200: api.UsedSources}, query=AtVersion)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """List the ids of its data sources, not the data."""
        manifest = self._plots.manifest(self._plot(req, plot, user), version_of(req))
        resp.media = {"sources": manifest["sources"]}


class ManyObjects(Resource):
    """`GET /{user}/objects/{ids}`."""

    access = {"GET": READ}
    describe = {
        "GET": Operation(
            {200: Answer(api.FoundObjects, headers=("ETag",)), 304: None},
            headers=("If-None-Match",),
            problems=("too-large",),
        )
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, ids: str) -> None:
        """Send objects with their data; one that is asked for alone and not there is a 404."""
        asked = self._objects.ask(user, ids, req.get_header("Authorization"))
        blocks = asked.blocks()
        if not not_modified(req, resp, asked.etag):
            resp.content_type, resp.stream = falcon.MEDIA_JSON, blocks


def _send(resp: falcon.Response, blocks: Iterator[bytes]) -> None:
    """Answer with blocks; one alone says how long it is."""
    first = next(blocks, b"")
    second = next(blocks, b"")
    if second:
        resp.stream = chain([first, second], blocks)
    else:
        resp.data = first


def tell(resp: falcon.Response, plot: Plot, changed: bool = True, made: bool = True) -> None:
    """Answer with a plot that was changed or not; `made` when it may be a new one."""
    resp.status = falcon.HTTP_201 if made and changed and plot.latest.version == 1 else falcon.HTTP_200
    resp.location = f"/{plot.user_id}/plots/{plot.id}"
    resp.etag = plot.tag
    resp.media = {**plot.summary, "unchanged": not changed}


def terms_of(req: falcon.Request, new: bool = False) -> Terms:
    """Return on what terms the request is made."""
    key = idempotency_key(req) or ""
    return Terms(if_match(req), key, new, req.context.principal.quota.get("plots"))


def version_of(req: falcon.Request) -> int | None:
    """Return `?version=`; None for the newest."""
    return read_query(req, AtVersion).version
