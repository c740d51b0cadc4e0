"""What a route does, said beside it: the one source of the API's description and of what is validated.

A resource class has a table `describe` beside its `access`: an `Operation` for each method. The rest of the
description is taken from what works: the summary from the responder's docstring, security from `access`, path
parameters from the template, schemas from the types that bodies are converted to (`body.read_body`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """An answer that is no error.

    Attributes:
        body: the type of its body, which msgspec makes a schema of; None where there is none, `bytes` where
            `media` says all.
        media: the media types that it comes in.
        headers: names of its headers, out of `openapi.HEADERS`.
        says: what it means; the status' own phrase when empty.
    """

    body: Any = None
    media: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()
    says: str = ""


@dataclass(frozen=True)
class Operation:
    """What a method of a resource takes and answers.

    Attributes:
        answers: by status: an `Answer`, or just the type of its JSON body, or None for no body.
        body: the type that the JSON body is converted to; `bytes` where `media` says all.
        media: the media types that the body may have.
        files: more media types of the body, which say all of it.
        query: a `msgspec.Struct` with the query parameters, as `body.read_query` takes it.
        headers: names of request headers, out of `openapi.HEADERS`.
        problems: kinds (slugs) of problems besides those that every such operation has.
        example: a body that works, in a cloud where what its path names is there; tests send it.
        details: more than the summary, in Markdown.
    """

    answers: Mapping[int, Any]
    body: Any = None
    media: tuple[str, ...] = (JSON,)
    files: tuple[str, ...] = ()
    query: Any = None
    headers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    example: Any = None
    details: str = ""


@dataclass(frozen=True)
class Problem:
    """A kind of error: the page behind a problem's `type`.

    Attributes:
        slug: the last part of its `type`, for good.
        status: of the HTTP answer.
        title: in a few words.
        means: what happened, in a sentence or two.
        do: what to do about it.
    """

    slug: str
    status: int
    title: str
    means: str
    do: str


@dataclass(frozen=True)
class Api:
    """What the routes of a service have in common.

    Attributes:
        name: of the service.
        paths: the types of path parameters by their names; texts where nothing is said.
        problems: the kinds of errors that are this service's own.
    """

    name: str = ""
    paths: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
