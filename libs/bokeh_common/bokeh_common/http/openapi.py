"""The description of a service's routes as OpenAPI 3.1, made from the routes themselves.

https://spec.openapis.org/oas/v3.1.1
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.auth import Access
from bokeh_common.http.negotiation import media_of
from bokeh_common.http.operations import JSON, Answer, Api, Operation, Problem
from bokeh_common.http.problems import COMMON

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROBLEM_MEDIA = "application/problem+json"
REFERENCE = "#/components/schemas/{name}"

#: Where no type says more: a segment of a path.
SEGMENT = Annotated[str, Meta(min_length=1)]

#: Characters.
MAX_IDEMPOTENCY_KEY = 200

#: Headers of requests and answers, by name.
HEADERS: dict[str, str] = {
    "ETag": "The state of the thing, to be sent back in If-Match or If-None-Match.",
    "Location": "Where the thing is from now on.",
    "Link": 'The address of the following page, with rel="next" (RFC 8288); absent on the last one.',
    "Bokeh-Cloud-Rows": "Which rows these are: `rows`, or `exact`, `reduced` or `sampled` of a window.",
    "If-Match": "Do it only when the thing still has this ETag (RFC 9110, 13.1.1).",
    "If-None-Match": "Answer 304 when the thing still has this ETag (RFC 9110, 13.1.2).",
    "Idempotency-Key": "A text of your choice that names this request: sent again, it is done once.",
}


#: What the values of request headers look like; texts where nothing is said.
HEADER_SCHEMAS: dict[str, dict[str, Any]] = {
    "If-Match": {"pattern": r'^(\*|"[!#-~]*")$', "examples": ["*"]},
    "Idempotency-Key": {"minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY},
}


class ProblemBody(TypedDict):
    """An error (RFC 9457); there may be more members, for programs."""

    type: Annotated[str, Meta(description="The kind of error: the address of a page that explains it.")]
    title: str
    status: int
    detail: Annotated[str, Meta(description="What happened and what to do.")]


@dataclass(frozen=True)
class Route:
    """A URL template and the resource that answers it."""

    template: str
    resource: Any

    @property
    def public(self) -> bool:
        """Whether the gateway knows it."""
        return not self.template.startswith("/internal/")

    @property
    def parameters(self) -> list[str]:
        """The names in the template."""
        return re.findall(r"{(\w+)[^}]*}", self.template)

    @property
    def path(self) -> str:
        """The template without falcon's converters."""
        return re.sub(r"{(\w+)[^}]*}", r"{\1}", self.template)

    def methods(self) -> Iterator[str]:
        """Yield the methods that it answers."""
        yield from (method for method in METHODS if hasattr(self.resource, f"on_{method.lower()}"))

    def operation(self, method: str) -> Operation | None:
        """Return what the resource says of a method."""
        found = getattr(self.resource, "describe", {}).get(method)
        return found if isinstance(found, Operation) else None


def describe(api: Api, routes: Iterable[Route]) -> dict[str, Any]:
    """Return the document with all public routes that say what they do."""
    return _Writer(api).document([route for route in routes if route.public])


def merge(documents: Iterable[dict[str, Any]], title: str, version: str, text: str) -> dict[str, Any]:
    """Make one document of those of several services, in their order."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    problems: dict[str, Any] = {}
    for document in documents:
        for path, methods in document["paths"].items():
            paths.setdefault(path, {}).update(methods)
        schemas.update(document["components"]["schemas"])
        problems.update({problem["slug"]: problem for problem in document["x-problems"]})
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": text},
        "security": [{"key": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"key": _KEY}},
        "x-problems": [problems[slug] for slug in sorted(problems)],
    }


_KEY = {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer bkp_...`"}


class _Writer:
    """Writes the document of one service."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._problems = {problem.slug: problem for problem in (*COMMON, *api.problems)}
        self._schemas: dict[str, Any] = {}

    def document(self, routes: list[Route]) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        for route in routes:
            for method in route.methods():
                operation = route.operation(method)
                if operation is not None:
                    paths.setdefault(route.path, {})[method.lower()] = self._operation(
                        route, method, operation
                    )
        return {
            "openapi": "3.1.0",
            "info": {"title": self._api.name, "version": "0"},
            "paths": paths,
            "components": {"schemas": self._schemas},
            "x-problems": [asdict(problem) for problem in self._problems.values()],
        }

    def _operation(self, route: Route, method: str, operation: Operation) -> dict[str, Any]:
        access = route.resource.access[method]
        summary, _, rest = (getattr(route.resource, f"on_{method.lower()}").__doc__ or "").partition("\n\n")
        words = [word for word in re.split(r"\W+", route.path) if word]
        body = {"requestBody": self._body(operation)} if operation.body is not None else {}
        return {
            "tags": [self._api.name],
            "operationId": "_".join([method.lower(), *words]),
            "summary": " ".join(summary.split()).rstrip("."),
            "description": operation.details or " ".join(rest.split()),
            "security": _security(access),
            "parameters": [*self._path(route), *self._query(operation), *_headers(operation)],
            **body,
            "responses": {
                **{str(status): self._answer(status, a) for status, a in operation.answers.items()},
                **self._errors(set(operation.problems) | _usual(route, access, operation)),
            },
        }

    def _schema(self, kind: Any) -> dict[str, Any]:
        if kind is bytes:
            return {"type": "string", "format": "binary"}
        [schema], components = msgspec.json.schema_components([kind], ref_template=REFERENCE)
        self._schemas.update(components)
        return dict(schema)

    def _path(self, route: Route) -> Iterator[dict[str, Any]]:
        for name in route.parameters:
            schema = self._schema(self._api.paths.get(name, SEGMENT))
            yield {"name": name, "in": "path", "required": True, **_lifted(schema)}

    def _query(self, operation: Operation) -> Iterator[dict[str, Any]]:
        if operation.query is None:
            return
        reference = self._schema(operation.query)["$ref"].rpartition("/")[2]
        schema = self._schemas.pop(reference)
        for name, value in schema["properties"].items():
            yield {"name": name, "in": "query", "required": name in schema["required"], **_lifted(value)}

    def _body(self, operation: Operation) -> dict[str, Any]:
        schema = self._schema(operation.body)
        example = {"example": operation.example} if operation.example is not None else {}
        content = {media: {"schema": schema, **example} for media in operation.media}
        content |= {media: {"schema": self._schema(bytes)} for media in operation.files}
        return {"required": True, "content": content}

    def _answer(self, status: int, given: Any) -> dict[str, Any]:
        answer = given if isinstance(given, Answer) else Answer(given)
        said: dict[str, Any] = {"description": answer.says or HTTPStatus(status).phrase}
        if answer.headers:
            said["headers"] = {
                name: {"description": HEADERS[name], "schema": {"type": "string"}} for name in answer.headers
            }
        if answer.body is not None:
            schema = self._schema(answer.body)
            said["content"] = {
                media: {"schema": {} if answer.body is bytes and media == JSON else schema}
                for media in answer.media
            }
        return said

    def _errors(self, slugs: set[str]) -> dict[str, Any]:
        found: dict[int, list[Problem]] = {}
        for slug in sorted(slugs):
            problem = self._problems[slug]
            found.setdefault(problem.status, []).append(problem)
        content = {PROBLEM_MEDIA: {"schema": self._schema(ProblemBody)}}
        return {
            str(status): {
                "description": "; ".join(f"[{p.title}](/problems/{p.slug})" for p in problems),
                "content": content,
            }
            for status, problems in sorted(found.items())
        }


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.scope is None:
        return []
    needed = [{"key": [access.scope] if access.scope else []}]
    return [*needed, {}] if access.visitors else needed


def _usual(route: Route, access: Access, operation: Operation) -> set[str]:
    """Return the problems that an operation has by its nature."""
    slugs = {"unavailable"}
    if access.scope is not None:
        slugs |= {"unauthenticated", "forbidden", "too-many"}
    if route.parameters:
        slugs |= {"not-found"}
    if media_of(operation):
        slugs |= {"not-acceptable"}
    if operation.query is not None:
        slugs |= {"invalid"}
    if operation.body is not None:
        slugs |= {"invalid", "not-json", "length-required", "request-timeout", "too-large"}
        slugs |= {"unsupported-media-type"}
    if "If-Match" in operation.headers:
        slugs |= {"invalid", "precondition-failed", "conflict"}
    return slugs


def _headers(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in operation.headers:
        yield {
            "name": name,
            "in": "header",
            "required": name == "If-Match" and "precondition-required" in operation.problems,
            "description": HEADERS[name],
            "schema": {"type": "string", **HEADER_SCHEMAS.get(name, {})},
        }


def _lifted(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema and, beside it where readers look, its description."""
    text = schema.get("description")
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"schema": rest, **({"description": text} if text else {})}
