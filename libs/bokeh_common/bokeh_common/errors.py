"""Exceptions of the domain, without reference to HTTP. `bokeh_common.http.errors` turns them into responses.

The message of an error says what is wrong and what to do. Its ``slug`` identifies the kind of error
permanently: it is the last part of the problem's ``type`` (RFC 9457), so clients may rely on it. ``members``
are details for programs, such as the list of missing chunks. ``public`` is what clients read instead of a
message that names storage keys, files or addresses of the operator.
"""

from typing import Any, ClassVar


class CloudError(Exception):
    """Base class of all errors that are reported to clients and other services."""

    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong"
    public: ClassVar[str | None] = None

    def __init__(self, detail: str, *, slug: str | None = None, **members: Any) -> None:
        """Describe the error.

        Args:
            detail: what is wrong and what to do, in one or two sentences.
            slug: a more specific kind than that of the class.
            members: details for programs; values must be representable in JSON.
        """
        super().__init__(detail)
        self.kind = slug or self.slug
        self.members = members

    @property
    def public_detail(self) -> str:
        """What clients get: the detail, unless only the operator may read it."""
        return self.public or str(self)


class NotFound(CloudError):
    """The object does not exist, or the caller may not know whether it does."""

    slug = "not-found"
    title = "Not found"


class Conflict(CloudError):
    """The state is not the one that the caller expected, for example in a compare-and-swap."""

    slug = "conflict"
    title = "Conflict"


class PreconditionFailed(CloudError):
    """The object has changed since the version that the client named; nothing was changed."""

    slug = "precondition-failed"
    title = "Changed meanwhile"


class Invalid(CloudError):
    """The request is well-formed, but its content is not valid; nothing was changed."""

    slug = "invalid"
    title = "Invalid request"


class TooLarge(CloudError):
    """The request exceeds a size limit of this server; nothing was changed."""

    slug = "too-large"
    title = "Too large"


class RequestTimeout(CloudError):
    """The request was not received in time; nothing was changed."""

    slug = "request-timeout"
    title = "Too slow"


class Unauthenticated(CloudError):
    """The credential is missing or not valid."""

    slug = "unauthenticated"
    title = "A valid API key is needed"


class Forbidden(CloudError):
    """The credential is valid, but does not permit the request."""

    slug = "forbidden"
    title = "Not allowed"


class TooManyRequests(CloudError):
    """A rate limit is exceeded; the member `retry_after` says after how many seconds to try again."""

    slug = "too-many"
    title = "Too many requests"


class Unavailable(CloudError):
    """A store or another service did not respond in time; the same call may succeed later."""

    slug = "unavailable"
    title = "Temporarily unavailable"
