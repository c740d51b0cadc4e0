"""The pages about the API: its description, a viewer for it, and what each kind of error means."""

from typing import Any

import falcon

from bokeh_common.http.auth import OPEN
from bokeh_common.http.operations import Answer, Operation
from bokeh_web.description import Description
from bokeh_web.pages import Pages
from bokeh_web.policy import VIEWER

HTML = (falcon.MEDIA_HTML,)


class Resource:
    """What the resources of this file hold."""

    def __init__(self, pages: Pages, description: Description) -> None:
        self._pages = pages
        self._description = description


class OpenAPI(Resource):
    """`GET /openapi.json`."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: dict[str, Any]})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send this description of the API, as OpenAPI 3.1."""
        resp.media = self._description.document()


class Viewer(Resource):
    """`GET /docs/api`."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: Answer(str, HTML)})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the description of the API as a page."""
        self._pages.show(resp, "api.html", VIEWER)


class ProblemList(Resource):
    """`GET /problems`."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: Answer(str, HTML)})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show all kinds of errors as a page."""
        self._pages.show(resp, "problems.html", problems=self._description.problems())


class OneProblem(Resource):
    """`GET /problems/{slug}`: where the `type` of a problem leads."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: Answer(str, HTML)})}

    def on_get(self, req: falcon.Request, resp: falcon.Response, slug: str) -> None:
        """Show a page that says what a kind of error means and what to do."""
        self._pages.show(resp, "problems.html", problems=[self._description.problem(slug)])
