"""The exceptions of the client; their messages say what is wrong and what to do.

Every exception that the client raises deliberately is a `CloudError`. No message contains an API key.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bokeh_cloud.key_format import hide_keys


class CloudError(Exception):
    """The base class: an operation of Bokeh Cloud failed."""

    def __init__(self, message: str = "") -> None:
        super().__init__(hide_keys(message))


class NotPublishable(CloudError, ValueError):
    """The object cannot be published; nothing was sent."""


class InvalidArgument(CloudError, ValueError):
    """An argument has no value that is possible; nothing was sent."""


class ServerUnreachable(CloudError, ConnectionError):
    """The server does not respond, or only that it is unavailable; it is safe to try again later."""


class BufferFull(CloudError):
    """A writer has as many rows waiting as it may keep, and did not accept these; try again later."""


class Rejected(CloudError):
    """The server rejected the request.

    Attributes:
        status: of HTTP.
        problem: the body of the response (RFC 9457), empty if it had none.
    """

    def __init__(self, message: str, status: int = 0, problem: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.status = status
        self.problem: Mapping[str, Any] = problem or {}

    @property
    def slug(self) -> str:
        """The last part of the problem's type, such as `missing-chunks`; "" without one."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


class NotPermitted(Rejected):
    """The API key is missing, unknown, or lacks a scope; or it would have been sent unencrypted."""


class NotFound(Rejected):
    """The object does not exist, or belongs to another account: the server does not tell which."""


class Incomplete(CloudError):
    """Some plots or data sources could not be exported or imported; the others were.

    Attributes:
        plots: those that were.
        failed: the reasons of those that were not, by name.
    """

    def __init__(self, message: str, plots: Sequence[Any], failed: Mapping[str, str]):
        super().__init__(message)
        self.plots = plots
        self.failed = failed
