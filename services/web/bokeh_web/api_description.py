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
from bokeh_common.http.openapi.generator import merge
from bokeh_common.http.server.thread_pools import COMPUTE

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


@dataclass(frozen=True)
class ApiDocument:
    """The OpenAPI document of the whole API, as JSON, and its problems by slug, sorted."""

    json: bytes
    problems: dict[str, dict[str, Any]]


class ApiDescription:
    """The API of all services."""

    def __init__(
        self, services: Sequence[ServiceClient], describe_own: Callable[[], Awaitable[dict[str, Any]]]
    ) -> None:
        """Prepare the description.

        Args:
            services: clients of the other services, in the order of their chapters.
            describe_own: returns the OpenAPI document of this service, which is the last chapter.
        """
        self._services = services
        self._describe_own = describe_own
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
            self._document = await COMPUTE.run(_merge, documents)
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


def _merge(documents: Sequence[dict[str, Any]]) -> ApiDocument:
    document = merge(documents, "Bokeh Cloud", version("bokeh-cloud-web"), INTRODUCTION)
    problems = {problem["slug"]: problem for problem in document["x-problems"]}
    return ApiDocument(json.dumps(document, ensure_ascii=False).encode(), problems)
