"""What can go wrong, in words that say what happened and what to do about it.

Every error that the client raises on purpose is a `CloudError`, so that one `except` is enough for a script.
No message ever holds an API key.
"""

from collections.abc import Mapping
from typing import Any


class CloudError(Exception):
    """Anything that Bokeh Cloud could not do for you."""


class NotPublishable(CloudError, ValueError):
    """The object cannot become a plot; nothing was sent."""


class ServerUnreachable(CloudError, ConnectionError):
    """No answer from the server, or only that it cannot answer now; trying again later is safe."""


class Rejected(CloudError):
    """The server understood the request and refused it.

    `status` is the HTTP status and `problem` the server's explanation (RFC 9457), empty where it gave none.
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
    """The key is missing, unknown, or not allowed to do this; or it would have travelled unencrypted."""


class NotFound(Rejected):
    """There is no such thing, or it is somebody else's: the server does not tell which."""
