"""Tells the domain what the account that asks may have."""

from collections.abc import Callable
from typing import Any

import falcon


class Bounds:
    """Falcon middleware, after the one that finds out who asks."""

    def __init__(self, bound: Callable[[str, int | None], None]) -> None:
        """Take what is called with an account and its bytes, None for any number."""
        self._bound = bound

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Pass on the quota of who may write into their account."""
        principal = getattr(req.context, "principal", None)
        if principal is not None and "data:write" in principal.scopes:
            self._bound(principal.user_id, principal.quota.get("bytes"))
