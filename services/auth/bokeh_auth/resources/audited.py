"""Resources whose requests are recorded in the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from falcon.asgi import Request

from bokeh_auth.audit_log import Outcome
from bokeh_auth.container import Domain
from bokeh_common.errors import CloudError, Unavailable
from bokeh_common.http.auth.access import bearer_token


class AuditedResource:
    """The base class of resources that record what requests do.

    An action and its record are one call on a thread, so that no client can prevent the latter by leaving.
    """

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    @contextmanager
    def _audited(self, req: Request, action: str, user: str, **facts: Any) -> Iterator[dict[str, Any]]:
        """Record what the block does on behalf of an account, and whether it was refused.

        Yields:
            the facts of the entry, to which the block may add.
        """
        facts["by"] = self._credential_of(req)
        try:
            yield facts
        except Unavailable:
            raise
        except CloudError as error:
            self._record(req, action, user, "refused", why=error.kind, **facts)
            raise
        self._record(req, action, user, "done", **facts)

    def _record(self, req: Request, action: str, user: str, outcome: Outcome, **facts: Any) -> None:
        self._domain.audit.record(action, user, req.context.client_address, outcome, **facts)

    def _credential_of(self, req: Request) -> str:
        if "principal" in req.context:
            return str(req.context.principal.by)
        # The request comes from a service that has checked the user's key, and passes it on for the audit
        # log.
        info = self._domain.introspection.identify(bearer_token(req))
        return info.by if info else ""
