"""The pages about the API: its description, a viewer for it, and what each kind of error means."""

from typing import Any

import falcon

from bokeh_common.http.auth import OPEN
from bokeh_common.http.operations import Answer, Operation
from bokeh_web.description import Description
from bokeh_web.policy import VIEWER
from bokeh_web.resources.base import Resource
from bokeh_web.site import Site

HTML = (falcon.MEDIA_HTML,)


class About(Resource):
    """A page about the API."""

    def __init__(self, site: Site, description: Description) -> None:
        super().__init__(site)
        self._description = description


class OpenAPI(About):
    """`GET /openapi.json`."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: dict[str, Any]})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send this description of the API, as OpenAPI 3.1."""
        resp.media = self._description.document()


class Viewer(About):
    """`GET /docs/api`."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: Answer(str, HTML)})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the description of the API as a page."""
        self._show(req, resp, "api.html", policy=VIEWER)


class ProblemList(About):
    """`GET /problems`."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: Answer(str, HTML)})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show all kinds of errors as a page."""
        self._show(req, resp, "problems.html", problems=self._description.problems())


class OneProblem(About):
    """`GET /problems/{slug}`: where the `type` of a problem leads."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: Answer(str, HTML)})}

    def on_get(self, req: falcon.Request, resp: falcon.Response, slug: str) -> None:
        """Show a page that says what a kind of error means and what to do."""
        self._show(req, resp, "problems.html", problems=[self._description.problem(slug)])
