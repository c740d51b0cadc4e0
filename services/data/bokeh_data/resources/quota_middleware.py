"""Middleware that passes on an account's quota."""

from typing import Any

from falcon.asgi import Request, Response

from bokeh_data.accounts.plots_usage import PlotsUsage
from bokeh_data.storage.repository import DataRepository


class QuotaMiddleware:
    """Falcon middleware, after the one that authenticates the request."""

    def __init__(self, repository: DataRepository, plots_usage: PlotsUsage) -> None:
        self._repository = repository
        self._plots_usage = plots_usage

    async def process_resource(
        self, req: Request, resp: Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Pass on the quota of a caller who may write into their account."""
        principal = getattr(req.context, "principal", None)
        if principal is None or "data:write" not in principal.scopes:
            return
        limit = principal.quota.get("bytes")
        self._repository.set_quota(principal.user_id, limit)
        if limit is not None and req.method not in {"GET", "HEAD"}:
            await self._plots_usage.refresh(principal.user_id)
