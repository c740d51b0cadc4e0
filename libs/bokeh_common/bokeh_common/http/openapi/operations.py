"""Descriptions of operations, which the OpenAPI document is generated from.

A resource class has a table `describe` beside `access`, with an `Operation` for each method. The rest is
derived: the summary from the responder's docstring, security from `access`, path parameters from the
template, and schemas from the types that bodies are converted to (`request_body.read_body`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

JSON = "application/json"


@dataclass(frozen=True)
class ResponseSpec:
    """A successful response.

    Attributes: body: the type of the body, from which msgspec generates a schema; None without a body, and
        `bytes` if the
            media types describe it completely.
        media: the media types of the body.
        headers: names of headers in `generator.HEADERS`.
        description: the meaning of the response; the phrase of its status if empty.
    """

    body: Any = None
    media: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Operation:
    """What a method of a resource accepts and returns.

    Attributes:
        responses: by status: a `ResponseSpec`, or only the type of the JSON body, or None for no body.
        body: the type that the JSON body is converted to; `bytes` if `media` describes it completely.
        media: the media types of the body.
        files: further media types of the body, which describe it completely.
        query: a `msgspec.Struct` with the query parameters, for `request_body.read_query`.
        headers: names of request headers in `generator.HEADERS`.
        problems: slugs of problems besides those that are implied.
        example: a valid body, if the objects in the path exist; tests send it.
        details: the description, in Markdown.
    """

    responses: Mapping[int, Any]
    body: Any = None
    media: tuple[str, ...] = (JSON,)
    files: tuple[str, ...] = ()
    query: Any = None
    headers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    example: Any = None
    details: str = ""

    def __post_init__(self) -> None:
        """Let msgspec inspect the types now, as it crashes if several threads do so at once (0.22)."""
        for kind in (self.body, self.query):
            if kind is not None:
                msgspec.json.Decoder(kind)


@dataclass(frozen=True)
class Problem:
    """A kind of error, as explained on the page of its `type`.

    Attributes:
        slug: the last part of its `type`; it never changes.
        status: of the response.
        title: in a few words.
        means: what is wrong, in a sentence or two.
        do: what to do about it.
    """

    slug: str
    status: int
    title: str
    means: str
    do: str


@dataclass(frozen=True)
class Api:
    """The common part of the descriptions of a service's routes.

    Attributes:
        name: of the service.
        paths: the types of path parameters by name; others are strings.
        problems: the kinds of errors that only this service has.
    """

    name: str = ""
    paths: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
