"""Who asks, and may they: one middleware, one rule, in front of every resource.

Each resource class says in `access` what each of its methods needs. A resource that says nothing is closed.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import falcon
from cachetools import TLRUCache

from bokeh_common.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from bokeh_common.http.limits import Limit, Limiter, tell_limits
from bokeh_common.http.peer import SERVICE_HEADER, SERVICE_REFUSED, Peer
from bokeh_common.http.revocations import Listener, listen_here

CACHE_SECONDS = 30
CACHE_ENTRIES = 10_000
MINUTE = 60

NO_KEY = "Send your API key as 'Authorization: Bearer <key>'."
WRONG_KEY = f"This key opens nothing: it is mistyped, expired or revoked. {NO_KEY}"

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
        by: names the key or session in logs; it opens nothing.
        expires: RFC 3339; None where the token is good until it is revoked.
    """

    user_id: str
    scopes: frozenset[str]
    only: str | None = None
    origins: tuple[str, ...] = ()
    quota: Mapping[str, int | None] = field(default_factory=dict, hash=False)
    by: str = ""
    expires: str | None = None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Principal":
        """Make one of what an introspection answers."""
        return cls(
            user_id=answer["user_id"],
            scopes=frozenset(answer["scopes"]),
            only=answer.get("only"),
            origins=tuple(answer.get("origins", ())),
            quota=dict(answer.get("quota", {})),
            by=answer.get("by", ""),
            expires=answer.get("expires"),
        )


@dataclass(frozen=True)
class Access:
    """What a method of a resource needs.

    Attributes:
        scope: the scope that the caller must hold; `ANY_KEY` for any key; None opens the method to everybody.
        bound: whether a token that opens one thing is let through; the responder then checks which thing.
        visitors: whether those are let through who have no account, or are in the wrong one; the responder
            then checks whether the thing is open to them.
        service: the scope that the asking service must hold besides; None where people may ask themselves.
        besides: more scopes that the caller must hold.
        counted: what the method is counted as, by the minute, against the account's quota of that name.
    """

    scope: str | None
    bound: bool = False
    visitors: bool = False
    service: str | None = None
    besides: tuple[str, ...] = ()
    counted: str | None = None


OPEN = Access(None)

#: Instead of a scope: whatever key opens an account will do.
ANY_KEY = ""

Introspect = Callable[[str | None], Principal | None]


class Authenticator:
    """Falcon middleware: sets `req.context.principal`, or refuses before the responder runs."""

    def __init__(self, introspect: Introspect, limiter: Limiter | None = None) -> None:
        """Say how to find out who holds a token, and where to count what is limited."""
        self._introspect = introspect
        self._limiter = limiter or Limiter()

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Let the request through to its responder, or raise.

        Raises:
            Unauthenticated: the key is missing or opens nothing.
            Forbidden: the key lacks the scope.
            NotFound: the account is another's; the answer does not tell whether it exists.
            TooMany: the account did this very often in the last minute.
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
            self._count(resp, req.context.principal, access.counted)

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
            raise Unauthenticated(NO_KEY if token is None else WRONG_KEY)
        if params.get("user", principal.user_id) != principal.user_id and not access.visitors:
            raise NotFound("There is nothing here, or it is not yours to see.")
        if principal.only is not None and not access.bound:
            raise NotFound("There is nothing here for this token; it opens one thing only.")
        for scope in filter(None, (access.scope, *access.besides)):
            if scope not in principal.scopes:
                raise Forbidden(f"This key lacks the scope {scope!r}; make one that has it.")
        return principal

    def _count(self, resp: falcon.Response, principal: Principal, counted: str | None) -> None:
        times = principal.quota.get(counted) if counted else None
        if counted is None or times is None:
            return
        try:
            allowance = self._limiter.hit(Limit(counted, times, MINUTE), principal.user_id)
        except Unavailable as error:  # who may do it at all is known: better uncounted than not at all
            log.warning("Not counted as %s: %s", counted, error)
        else:
            tell_limits(resp, [asdict(allowance)])


def bearer_token(req: falcon.Request) -> str | None:
    """Take the token from the `Authorization` header (RFC 6750); None when there is no such header."""
    header = req.get_header("Authorization")
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The Authorization header must read 'Bearer <key>'.")
    return token.strip()


#: Somebody, and for how many seconds that may be remembered.
Known = tuple[Principal, float]


class PeerIntrospection:
    """Asks the auth service who holds a token (RFC 7662), and remembers the answer for as long as it allows.

    It hears of revocations in this process, and by Redis of others', and forgets the account then.
    """

    def __init__(self, auth: Peer, redis_url: str | None = None) -> None:
        """Take the auth service, and the Redis that tells of revocations."""
        self._auth = auth
        self._cache: TLRUCache[bytes, Known] = TLRUCache(CACHE_ENTRIES, _until)
        self._heard = 0
        self._lock = threading.Lock()
        listen_here(self)
        if redis_url:
            Listener(redis_url, self.forget)

    def __call__(self, token: str | None) -> Principal | None:
        """Return the principal of `token`, or None when it opens nothing.

        Raises:
            TooMany: many wrong tokens came from there, and this is one more.
            Unavailable: the auth service does not answer.
        """
        key = hashlib.sha256((token or "").encode()).digest()
        with self._lock:
            known, heard = self._cache.get(key), self._heard
        if known is not None:
            return known[0]
        principal, seconds = self._ask(token)
        with self._lock:
            # What was revoked while we asked must not be remembered as it was before.
            if principal is not None and seconds > 0 and heard == self._heard:
                self._cache[key] = principal, seconds
        return principal

    def forget(self, user: str | None = None) -> None:
        """Forget what is known of an account, or of all."""
        with self._lock:
            self._heard += 1
            for key in [key for key, known in self._cache.items() if user in {None, known[0].user_id}]:
                del self._cache[key]

    def _ask(self, token: str | None) -> tuple[Principal | None, float]:
        try:
            answer = self._auth.post("/internal/auth/introspection", {"token": token})
        except (NotFound, Forbidden, Unauthenticated) as error:
            # An unknown key is an answer, not an error: so the fault is in this service's own credential.
            raise Unavailable(
                "The auth service refuses this service; the operator must look at it."
            ) from error
        if not answer["active"]:
            return None, 0
        return Principal.of(answer), answer.get("remember", CACHE_SECONDS)


def _until(key: bytes, known: Known, now: float) -> float:
    """Return when to forget a principal, by the clock of `now` in seconds: not after its token expires."""
    principal, seconds = known
    if principal.expires is None:
        return now + seconds
    left = (datetime.fromisoformat(principal.expires) - datetime.now(UTC)).total_seconds()
    return now + min(left, seconds)
