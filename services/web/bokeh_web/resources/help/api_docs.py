"""The API's documentation: its OpenAPI document, a viewer of it, and the pages of problems."""

from dataclasses import dataclass
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_web.api_description import ApiDescription
from bokeh_web.pages.renderer import PageRenderer
from bokeh_web.security.content_security_policy import API_DOCS_POLICY

PAGE = Operation({200: ResponseSpec(str, (falcon.MEDIA_HTML,))})


@dataclass(frozen=True)
class ApiDocs:
    """What the resources of this module work with."""

    pages: PageRenderer
    description: ApiDescription


class ApiDocsResource:
    """A resource of the API's documentation."""

    def __init__(self, docs: ApiDocs) -> None:
        self._pages = docs.pages
        self._description = docs.description


class OpenAPIResource(ApiDocsResource):
    """`GET /openapi.json`."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: dict[str, Any]})}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Return this description of the API, as OpenAPI 3.1."""
        resp.data = (await self._description.document()).json
        resp.content_type = falcon.MEDIA_JSON


class ApiDocsPage(ApiDocsResource):
    """`GET /docs/api`."""

    access = {"GET": OPEN}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the description of the API as a page."""
        await self._pages.respond(req, resp, "docs/api.html", policy=API_DOCS_POLICY)


class ProblemListPage(ApiDocsResource):
    """`GET /problems`."""

    access = {"GET": OPEN}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show all kinds of errors as a page."""
        problems = await self._description.problems()
        await self._pages.respond(req, resp, "docs/problems.html", problems=problems)


class ProblemPage(ApiDocsResource):
    """`GET /problems/{slug}`, the `type` of a problem."""

    access = {"GET": OPEN}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Show a page that explains a kind of error and what to do about it."""
        problem = await self._description.problem(slug)
        await self._pages.respond(req, resp, "docs/problems.html", problems=[problem])
