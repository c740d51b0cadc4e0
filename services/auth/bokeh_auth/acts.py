"""Requests as entries of the audit log: with which key or session, and from where."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import falcon

from bokeh_auth.audit import DONE, REFUSED, Audit
from bokeh_auth.introspection import Introspection
from bokeh_common.errors import CloudError, Unavailable
from bokeh_common.http.auth import bearer_token


class Acts:
    """Notes what a request does."""

    def __init__(self, audit: Audit, introspection: Introspection) -> None:
        self._audit = audit
        self._introspection = introspection

    @contextmanager
    def noting(self, req: falcon.Request, action: str, user: str, **facts: Any) -> Iterator[dict[str, Any]]:
        """Note what the block does in the name of an account, and whether it was refused.

        Yields:
            the facts of the entry; the block may add to them.
        """
        facts["by"] = self._by(req)
        try:
            yield facts
        except Unavailable:
            raise
        except CloudError as error:
            self._audit.note(action, user, req.context.origin, REFUSED, why=error.kind, **facts)
            raise
        self._audit.note(action, user, req.context.origin, DONE, **facts)

    def _by(self, req: falcon.Request) -> str:
        if "principal" in req.context:
            return str(req.context.principal.by)
        # A service asks, which has looked at the key; it sends it on for the log to say which one it was.
        holder = self._introspection.holder(bearer_token(req))
        return holder.by if holder else ""
