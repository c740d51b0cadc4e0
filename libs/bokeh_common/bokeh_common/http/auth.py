"""Who asks, and may they: one middleware, one rule, in front of every resource.

Each resource class says in `access` what each of its methods needs. A resource that says nothing is closed.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import falcon
from cachetools import TTLCache

from bokeh_common.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from bokeh_common.http.peer import SERVICE_HEADER, SERVICE_REFUSED, Peer

CACHE_SECONDS = 30
CACHE_ENTRIES = 10_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes:
        user_id: the account in whose name the request is made.
        scopes: what the key or token allows.
        only: the id of the one thing that the token opens; None for keys, which open the whole account.
        origins: the sites that may show that thing in a frame; empty for any.
        quota: how much the account may have, by what is counted; None, or nothing said, is no bound.
    """

    user_id: str
    scopes: frozenset[str]
    only: str | None = None
    origins: tuple[str, ...] = ()
    quota: Mapping[str, int | None] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Principal":
        """Make one of what an introspection answers."""
        return cls(
            user_id=answer["user_id"],
            scopes=frozenset(answer["scopes"]),
            only=answer.get("only"),
            origins=tuple(answer.get("origins", ())),
            quota=dict(answer.get("quota", {})),
        )


@dataclass(frozen=True)
class Access:
    """What a method of a resource needs.

    Attributes:
        scope: the scope that the caller must hold; None opens the method to everybody.
        bound: whether a token that opens one thing is let through; the responder then checks which thing.
        visitors: whether those are let through who have no account, or are in the wrong one; the responder
            then checks whether the thing is open to them.
        service: the scope that the asking service must hold besides; None where people may ask themselves.
    """

    scope: str | None
    bound: bool = False
    visitors: bool = False
    service: str | None = None


OPEN = Access(None)

Introspect = Callable[[str | None], Principal | None]


class Authenticator:
    """Falcon middleware: sets `req.context.principal`, or refuses before the responder runs."""

    def __init__(self, introspect: Introspect) -> None:
        self._introspect = introspect

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Let the request through to its responder, or raise.

        Raises:
            Unauthenticated: the key is missing or opens nothing.
            Forbidden: the key lacks the scope.
            NotFound: the account is another's; the answer does not tell whether it exists.
        """
        if req.method == "OPTIONS":
            return
        method = "GET" if req.method == "HEAD" else req.method
        access = getattr(resource, "access", {}).get(method)
        if access is None and hasattr(resource, f"on_{req.method.lower()}"):
            raise Forbidden(f"Nobody has said who may {req.method} here; the operator must report this.")
        if access is not None and access.service is not None:
            self._admit_service(req, access.service)
        if access is not None and access.scope is not None:
            req.context.principal = self._admit(req, access, params)

    def _admit_service(self, req: falcon.Request, scope: str) -> None:
        token = req.get_header(SERVICE_HEADER)
        service = self._introspect(token) if token is not None else None
        if service is None or scope not in service.scopes:
            log.warning("%s %s: refused a service that has not %s", req.method, req.uri_template, scope)
            raise Forbidden("Only the services of this cloud may ask this.", slug=SERVICE_REFUSED)

    def _admit(self, req: falcon.Request, access: Access, params: dict[str, Any]) -> Principal:
        token = bearer_token(req)
        principal = self._introspect(token)
        if principal is None and token is None and access.visitors:
            return Principal("", frozenset())
        if principal is None:
            raise Unauthenticated(
                "Send your API key as 'Authorization: Bearer <key>'; this one opens nothing."
            )
        if params.get("user", principal.user_id) != principal.user_id and not access.visitors:
            raise NotFound("There is nothing here, or it is not yours to see.")
        if principal.only is not None and not access.bound:
            raise NotFound("There is nothing here for this token; it opens one thing only.")
        if access.scope not in principal.scopes:
            raise Forbidden(f"This key lacks the scope {access.scope!r}; make one that has it.")
        return principal


def bearer_token(req: falcon.Request) -> str | None:
    """Take the token from the `Authorization` header (RFC 6750); None when there is no such header."""
    header = req.get_header("Authorization")
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The Authorization header must read 'Bearer <key>'.")
    return token.strip()


class PeerIntrospection:
    """Asks the auth service who holds a token (RFC 7662), and remembers the answer for 30 seconds at most."""

    def __init__(self, auth: Peer) -> None:
        self._auth = auth
        self._cache: TTLCache[bytes, Principal] = TTLCache(CACHE_ENTRIES, CACHE_SECONDS)
        self._lock = threading.Lock()

    def __call__(self, token: str | None) -> Principal | None:
        """Return the principal of `token`, or None when it opens nothing; `Unavailable` without an answer."""
        key = hashlib.sha256((token or "").encode()).digest()
        with self._lock:
            known = self._cache.get(key)
        if known is not None:
            return known
        principal, cacheable = self._ask(token)
        if principal is not None and cacheable:
            with self._lock:
                self._cache[key] = principal
        return principal

    def _ask(self, token: str | None) -> tuple[Principal | None, bool]:
        try:
            answer = self._auth.post("/internal/auth/introspection", {"token": token})
        except (NotFound, Forbidden, Unauthenticated) as error:
            # An unknown key is an answer, not an error: so the fault is in this service's own credential.
            raise Unavailable(
                "The auth service refuses this service; the operator must look at it."
            ) from error
        if not answer["active"]:
            return None, False
        return Principal.of(answer), answer.get("cacheable", True)
