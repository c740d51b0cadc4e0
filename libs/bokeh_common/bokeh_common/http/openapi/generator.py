"""Generates the OpenAPI 3.1 document of a service from its routes.

https://spec.openapis.org/oas/v3.1.1
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.auth.access import Access
from bokeh_common.http.errors import PROBLEM_MEDIA_TYPE
from bokeh_common.http.openapi.common_problems import COMMON
from bokeh_common.http.openapi.negotiation import media_of
from bokeh_common.http.openapi.operations import JSON, Api, Operation, Problem, ResponseSpec

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SCHEMA_REFERENCE = "#/components/schemas/{name}"

#: The type of path parameters without a declared type.
SEGMENT = Annotated[str, Meta(min_length=1)]

MAX_IDEMPOTENCY_KEY = 200  # characters

#: Descriptions of request and response headers, by name.
HEADERS: dict[str, str] = {
    "ETag": "Identifies the state of the resource; send it back in If-Match or If-None-Match.",
    "Location": "The URL of the resource.",
    "Link": 'The URL of the next page, with rel="next" (RFC 8288); absent on the last page.',
    "Bokeh-Cloud-Live": "For each model with a live data source: version, lineage, end and number of its "
    "rows, and when it was changed, as JSON; for pages that follow it.",
    "Bokeh-Cloud-Rows": "The kind of rows: `rows`, or `exact`, `reduced` or `sampled` for a window.",
    "If-Match": "Process the request only if the resource still has this ETag (RFC 9110, 13.1.1).",
    "If-None-Match": "Respond with 304 if the resource still has this ETag (RFC 9110, 13.1.2).",
    "Idempotency-Key": "A string of your choice that identifies this request: a retry with it has no effect.",
}


#: Schemas of request headers, besides being strings.
HEADER_SCHEMAS: dict[str, dict[str, Any]] = {
    "If-Match": {"pattern": r'^(\*|"[!#-~]*")$', "examples": ["*"]},
    "Idempotency-Key": {"minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY},
}


#: The server responds with this by itself, without a body.
ADDRESS_TOO_LONG = {"414": {"description": "The address is longer than 64 KiB."}}


class ProblemBody(TypedDict):
    """An error (RFC 9457); there may be further members for programs."""

    type: Annotated[str, Meta(description="The kind of error: the URL of a page that explains it.")]
    title: str
    status: int
    detail: Annotated[str, Meta(description="What is wrong, and what to do.")]


@dataclass(frozen=True)
class Route:
    """A URL template and its resource."""

    template: str
    resource: Any

    @property
    def public(self) -> bool:
        """Whether the gateway routes it."""
        return not self.template.startswith("/internal/")

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters in the template."""
        return re.findall(r"{(\w+)[^}]*}", self.template)

    @property
    def path(self) -> str:
        """The template without falcon's converters."""
        return re.sub(r"{(\w+)[^}]*}", r"{\1}", self.template)

    def methods(self) -> Iterator[str]:
        """Yield the methods that the resource supports."""
        yield from (method for method in METHODS if hasattr(self.resource, f"on_{method.lower()}"))

    def operation(self, method: str) -> Operation | None:
        """Return the description of a method; None if there is none."""
        found = getattr(self.resource, "describe", {}).get(method)
        return found if isinstance(found, Operation) else None


def describe(api: Api, routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI document of all public routes that have a description."""
    return _DocumentWriter(api).document([route for route in routes if route.public])


def merge(documents: Iterable[dict[str, Any]], title: str, version: str, text: str) -> dict[str, Any]:
    """Merge the documents of several services."""
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


class _DocumentWriter:
    """Writes the OpenAPI document of a service."""

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
            "description": _description(access, operation.details or " ".join(rest.split())),
            "security": _security(access),
            "parameters": [*self._path(route), *self._query(operation), *_headers(operation)],
            **body,
            "responses": {
                **{str(status): self._response(status, spec) for status, spec in operation.responses.items()},
                **({} if operation.query is None else ADDRESS_TOO_LONG),
                **self._errors(set(operation.problems) | _implied_problems(route, access, operation)),
            },
        }

    def _schema(self, kind: Any) -> dict[str, Any]:
        if kind is bytes:
            return {"type": "string", "format": "binary"}
        [schema], components = msgspec.json.schema_components([kind], ref_template=SCHEMA_REFERENCE)
        self._schemas.update(components)
        return dict(schema)

    def _path(self, route: Route) -> Iterator[dict[str, Any]]:
        for name in route.parameters:
            schema = self._schema(self._api.paths.get(name, SEGMENT))
            yield {"name": name, "in": "path", "required": True, **_lift_description(schema)}

    def _query(self, operation: Operation) -> Iterator[dict[str, Any]]:
        if operation.query is None:
            return
        reference = self._schema(operation.query)["$ref"].rpartition("/")[2]
        schema = self._schemas.pop(reference)
        for name, value in schema["properties"].items():
            yield {
                "name": name,
                "in": "query",
                "required": name in schema["required"],
                **_lift_description(value),
            }

    def _body(self, operation: Operation) -> dict[str, Any]:
        schema = self._schema(operation.body)
        example = {"example": operation.example} if operation.example is not None else {}
        content = {media: {"schema": schema, **example} for media in operation.media}
        content |= {media: {"schema": self._schema(bytes)} for media in operation.files}
        return {"required": True, "content": content}

    def _response(self, status: int, declared: Any) -> dict[str, Any]:
        spec = declared if isinstance(declared, ResponseSpec) else ResponseSpec(declared)
        response: dict[str, Any] = {"description": spec.description or HTTPStatus(status).phrase}
        if spec.headers:
            response["headers"] = {
                name: {"description": HEADERS[name], "schema": {"type": "string"}} for name in spec.headers
            }
        if spec.body is not None:
            schema = self._schema(spec.body)
            response["content"] = {
                media: {"schema": {} if spec.body is bytes and media == JSON else schema}
                for media in spec.media
            }
        return response

    def _errors(self, slugs: set[str]) -> dict[str, Any]:
        found: dict[int, list[Problem]] = {}
        for slug in sorted(slugs):
            problem = self._problems[slug]
            found.setdefault(problem.status, []).append(problem)
        content = {PROBLEM_MEDIA_TYPE: {"schema": self._schema(ProblemBody)}}
        return {
            str(status): {
                "description": "; ".join(f"[{p.title}](/problems/{p.slug})" for p in problems),
                "content": content,
            }
            for status, problems in sorted(found.items())
        }


def _description(access: Access, details: str) -> str:
    """Return a description that names the scopes, which the pages of many viewers do not show otherwise."""
    if not access.scopes:
        return details
    names = ", ".join(f"`{scope}`" for scope in access.scopes)
    whom = " unless the plot is open to its visitors" if access.allow_visitors else ""
    text = f"Requires a key with the scope{'s' if len(access.scopes) > 1 else ''} {names}{whom}."
    return f"{details.rstrip()}\n\n{text}" if details else text


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.scope is None:
        return []
    with_key = [{"key": access.scopes}]
    return [*with_key, {}] if access.allow_visitors else with_key


def _implied_problems(route: Route, access: Access, operation: Operation) -> set[str]:
    """Return the problems that follow from the access, parameters and body of an operation."""
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


def _lift_description(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter, with its description beside the schema rather than in it."""
    text = schema.get("description")
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"schema": rest, **({"description": text} if text else {})}
