"""The errors of the domain, in its own words; `bokeh_common.http` alone turns them into HTTP answers.

Every error says what happened and what to do in ``str(error)``. ``slug`` names the kind for good: it is the
last part of the problem's ``type`` (RFC 9457), so a client may rely on it. ``members`` are facts for
programs, such as the list of missing chunks.
"""

from typing import Any, ClassVar


class CloudError(Exception):
    """Base of all errors that a user or a peer may see."""

    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, *, slug: str | None = None, **members: Any) -> None:
        """Describe the error.

        Args:
            detail: what happened and what to do, in one or two sentences.
            slug: a narrower kind than the class's own.
            members: facts for programs, values that JSON can hold.
        """
        super().__init__(detail)
        self.kind = slug or self.slug
        self.members = members


class NotFound(CloudError):
    """The thing does not exist, or the caller may not know that it does."""

    slug = "not-found"
    title = "Not found"


class Conflict(CloudError):
    """The thing is not as the caller expected: a compare-and-swap lost."""

    slug = "conflict"
    title = "Conflict"


class Changed(CloudError):
    """The thing changed since the version that the caller named; nothing was changed."""

    slug = "precondition-failed"
    title = "Changed meanwhile"


class Invalid(CloudError):
    """The request is understood and wrong; nothing was changed."""

    slug = "invalid"
    title = "Invalid request"


class TooLarge(CloudError):
    """The request is over a limit of this server; nothing was changed."""

    slug = "too-large"
    title = "Too large"


class TooSlow(CloudError):
    """The request did not arrive in time; nothing was changed."""

    slug = "request-timeout"
    title = "Too slow"


class Unauthenticated(CloudError):
    """No key, or one that does not open anything."""

    slug = "unauthenticated"
    title = "A valid API key is needed"


class Forbidden(CloudError):
    """The caller is known and may not do this."""

    slug = "forbidden"
    title = "Not allowed"


class TooMany(CloudError):
    """The caller asks too often; the member `retry_after` says in how many seconds they may ask again."""

    slug = "too-many"
    title = "Too many requests"


class Unavailable(CloudError):
    """A store or a peer did not answer in time; the same call may succeed later."""

    slug = "unavailable"
    title = "Temporarily unavailable"
