"""The OpenAPI document of the whole API, merged from those of the services."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from bokeh_common.errors import NotFound
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.errors import PROBLEM_MEDIA_TYPE
from bokeh_common.http.openapi.generator import merge
from bokeh_common.http.server.thread_pools import COMPUTE
from bokeh_web.api_examples import add_examples

#: How long the document is cached: a service may be upgraded at any time.
CACHE_SECONDS = 60

INTRODUCTION = """\
Publish Bokeh documents, and read them, their objects and their data.

Send an API key as `Authorization: Bearer bkp_...`. Public plots, and servers without accounts, need none.
Errors are `application/problem+json` (RFC 9457); their `type` is the URL of a page that explains what to do.
Lists are paginated: follow `Link: rel="next"`. Request bodies may be compressed with gzip or zstd, and
responses are if the client accepts it. The version of this document is that of the API: within a major
version, what works keeps working.
"""


#: The chapters: their names in the documents of services, and what they are about.
CHAPTERS = {
    "auth": "Accounts and API keys.",
    "plots": "Publishing plots, and reading and changing them.",
    "data": "Columns, data sources, and queries of their rows.",
    "gc": "Data that nothing uses.",
    "web": "Embedding, packages, and this description.",
}

#: The chapter of what browsers use, which programs do not need.
PAGES = "pages and forms"
PAGES_TEXT = "For browsers. Programs use the other chapters, which may change in compatible ways only."


@dataclass(frozen=True)
class ApiDocument:
    """The OpenAPI document of the whole API, as JSON, and its problems by slug, sorted."""

    json: bytes
    problems: dict[str, dict[str, Any]]


class ApiDescription:
    """The API of all services."""

    def __init__(
        self,
        services: Sequence[ServiceClient],
        describe_own: Callable[[], Awaitable[dict[str, Any]]],
        server: str,
    ) -> None:
        """Prepare the description.

        Args:
            services: clients of the other services, in the order of their chapters.
            describe_own: returns the OpenAPI document of this service, which is the last chapter.
            server: the URL of the cloud, for examples.
        """
        self._services = services
        self._describe_own = describe_own
        self._server = server
        self._document: ApiDocument | None = None
        self._expires_at = 0.0

    async def document(self) -> ApiDocument:
        """Return the OpenAPI document of the whole API.

        Raises:
            Unavailable: a service does not respond.
        """
        if self._document is None or time.monotonic() >= self._expires_at:
            others = (service.get("/internal/openapi.json") for service in self._services)
            documents = await asyncio.gather(*others, self._describe_own())
            self._document = await COMPUTE.run(_merge, documents, self._server)
            self._expires_at = time.monotonic() + CACHE_SECONDS
        return self._document

    async def problems(self) -> list[dict[str, Any]]:
        """Return all kinds of problems, sorted by slug."""
        return list((await self.document()).problems.values())

    async def problem(self, slug: str) -> dict[str, Any]:
        """Return a kind of problem.

        Raises:
            NotFound: there is no such kind.
        """
        found = (await self.document()).problems.get(slug)
        if found is None:
            raise NotFound("There is no such kind of error.")
        return found


def _merge(documents: Sequence[dict[str, Any]], server: str) -> ApiDocument:
    document = merge(documents, "Bokeh Cloud", version("bokeh-cloud-web"), INTRODUCTION)
    _separate_pages(document)
    add_examples(document["paths"], server)
    problems = {problem["slug"]: problem for problem in document["x-problems"]}
    return ApiDocument(json.dumps(document, ensure_ascii=False).encode(), problems)


def _separate_pages(document: dict[str, Any]) -> None:
    """Move pages and forms to a chapter of their own, the last one."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            is_file = path.startswith("/static/")
            if operation["tags"] == ["web"] and (is_file or _is_for_browsers(operation)):
                operation["tags"] = [PAGES]
    chapters = {**CHAPTERS, PAGES: PAGES_TEXT}
    document["tags"] = [{"name": name, "description": text} for name, text in chapters.items()]


def _is_for_browsers(operation: dict[str, Any]) -> bool:
    """Return whether an operation responds with a page, takes a form, or needs the token of one."""
    content = operation.get("requestBody", {}).get("content", {})
    responses = [response.get("content", {}) for response in operation["responses"].values()]
    successes = [[*media] for media in responses if media and PROBLEM_MEDIA_TYPE not in media]
    pages = any(all(name.startswith("text/html") for name in media) for media in successes)
    is_form = "application/x-www-form-urlencoded" in content or "application/octet-stream" in content
    return pages or is_form or "303" in operation["responses"]
