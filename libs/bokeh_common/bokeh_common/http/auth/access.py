"""Authentication and authorization: one middleware in front of all resources.

Each resource class declares in `access` what each of its methods requires. Methods without a declaration are
closed.
"""

import hashlib
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cachetools import TLRUCache
from falcon.asgi import Request, Response

from bokeh_common import timestamps
from bokeh_common.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from bokeh_common.http.auth.revocations import RevocationListener, register_cache
from bokeh_common.http.client.service_client import SERVICE_HEADER, SERVICE_REFUSED, ServiceClient
from bokeh_common.http.rate_limits import RateLimit, RateLimiter, set_rate_limit_headers
from bokeh_common.timestamps import parse_timestamp
from bokeh_common.view_grant import ViewGrant

CACHE_SECONDS = 30
CACHE_ENTRIES = 10_000
MINUTE = 60

NO_KEY = "Send your API key as 'Authorization: Bearer <key>'."
WRONG_KEY = f"This key is not valid: it is mistyped, expired or revoked. {NO_KEY}"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Principal:
    """The account on whose behalf a request is made, and what its credential grants.

    Attributes: user_id: the account. scopes: the scopes of the credential. only: the id of the only plot that
        the token grants access to; None for keys, which are not restricted. origins: the sites that may embed
        this plot; empty for all. quota: the quotas of the account by name; one that is None or absent is
        unlimited. by: identifies the key or session in logs; it is not secret. expires: RFC 3339; None if the
        credential does not expire. view: for view tokens, the part of the plot that they grant access to.
        history: for share links, whether they open old versions, too.
    """

    user_id: str
    scopes: frozenset[str]
    only: str | None = None
    origins: tuple[str, ...] = ()
    quota: Mapping[str, int | None] = field(default_factory=dict, hash=False)
    by: str = ""
    expires: str | None = None
    view: ViewGrant | None = None
    history: bool = False

    @classmethod
    def from_introspection(cls, info: Mapping[str, Any]) -> "Principal":
        """Create one from the result of an introspection."""
        return cls(
            user_id=info["user_id"],
            scopes=frozenset(info["scopes"]),
            only=info.get("only"),
            origins=tuple(info.get("origins", ())),
            quota=dict(info.get("quota", {})),
            by=info.get("by", ""),
            expires=info.get("expires"),
            view=ViewGrant(**info["view"]) if info.get("view") else None,
            history=bool(info.get("history")),
        )


@dataclass(frozen=True)
class Access:
    """What a method of a resource requires.

    Attributes: scope: the scope that the credential must have; `ANY_KEY` for any credential; None if none is
        required. allow_restricted: whether tokens that are restricted to one plot are accepted; the responder
        checks which
            plot it is.
        allow_visitors: whether requests without credentials, or of other accounts, are accepted; the
            responder checks whether the object is visible to them.
        service: the scope that the service token of the request must have; None if no service token is
            required.
        extra_scopes: further scopes that the credential must have.
        rate_limit: the quota of the account that limits calls of the method per minute; None for no limit.
    """

    scope: str | None
    allow_restricted: bool = False
    allow_visitors: bool = False
    service: str | None = None
    extra_scopes: tuple[str, ...] = ()
    rate_limit: str | None = None

    @property
    def scopes(self) -> list[str]:
        """All scopes that the credential must have."""
        return [scope for scope in (self.scope, *self.extra_scopes) if scope]


OPEN = Access(None)

#: A value for `Access.scope`: any credential of an account is accepted.
ANY_KEY = ""

Introspect = Callable[[str | None], Awaitable[Principal | None]]


class Authenticator:
    """Falcon middleware: sets `req.context.principal`, or rejects the request before the responder runs."""

    def __init__(self, introspect: Introspect, limiter: RateLimiter | None = None) -> None:
        """Create the middleware.

        Args:
            introspect: returns the principal of a token; None if it is not valid.
            limiter: counts requests to methods with a rate limit.
        """
        self._introspect = introspect
        self._limiter = limiter or RateLimiter()

    async def process_resource(
        self, req: Request, resp: Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Check that the request is allowed.

        Raises:
            Unauthenticated: the credential is missing or not valid.
            Forbidden: the credential does not have the scope.
            NotFound: the path belongs to another account; the response does not reveal whether it exists.
            TooManyRequests: the rate limit of the method is exceeded.
        """
        if req.method == "OPTIONS":
            return
        method = "GET" if req.method == "HEAD" else req.method
        access = getattr(resource, "access", {}).get(method)
        if access is None and hasattr(resource, f"on_{req.method.lower()}"):
            raise Forbidden(f"Access to {req.method} is not declared here. This is a bug; please report it.")
        if access is not None and access.service is not None:
            await self._check_service(req, access.service)
        if access is not None and access.scope is not None:
            req.context.principal = await self._authorize(req, access, params)
            await self._count(resp, req.context.principal, access.rate_limit)

    async def _check_service(self, req: Request, scope: str) -> None:
        token = req.get_header(SERVICE_HEADER)
        service = await self._introspect(token) if token is not None else None
        if service is None or scope not in service.scopes:
            log.warning("%s %s: rejected a service without the scope %s", req.method, req.uri_template, scope)
            raise Forbidden("This route is only for services of this cloud.", slug=SERVICE_REFUSED)

    async def _authorize(self, req: Request, access: Access, params: dict[str, Any]) -> Principal:
        token = bearer_token(req)
        principal = await self._introspect(token)
        if principal is None and token is None and access.allow_visitors:
            return Principal("", frozenset())
        if principal is None:
            raise Unauthenticated(NO_KEY if token is None else WRONG_KEY)
        if params.get("user", principal.user_id) != principal.user_id and not access.allow_visitors:
            raise NotFound("There is nothing here, or it is not yours to see.")
        if principal.only is not None and not access.allow_restricted:
            raise NotFound("There is nothing here for this token; it gives access to one plot only.")
        for scope in access.scopes:
            if scope not in principal.scopes:
                raise Forbidden(f"This key does not have the scope {scope!r}; create one that has it.")
        return principal

    async def _count(self, resp: Response, principal: Principal, rate_limit: str | None) -> None:
        times = principal.quota.get(rate_limit) if rate_limit else None
        if rate_limit is None or times is None:
            return
        try:
            allowance = await self._limiter.hit_async(RateLimit(rate_limit, times, MINUTE), principal.user_id)
        except Unavailable as error:  # access is allowed, so an outage of Redis should not prevent it
            log.warning("A request was not counted as %s: %s", rate_limit, error)
        else:
            set_rate_limit_headers(resp, [asdict(allowance)])


def authorization_of(req: Request) -> str | None:
    """Return the `Authorization` header, or what a middleware uses in its place; None without either."""
    return getattr(req.context, "authorization", None) or req.get_header("Authorization")


def bearer_token(req: Request) -> str | None:
    """Return the bearer token of a request (RFC 6750); None if it has no authorization."""
    header = authorization_of(req)
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The Authorization header must read 'Bearer <key>'.")
    return token.strip()


#: A principal, and for how many seconds it may be cached.
Cached = tuple[Principal, float]


class RemoteIntrospection:
    """Asks the auth service to introspect tokens (RFC 7662), and caches results for as long as it allows.

    When a credential of an account is revoked, in this process or published over Redis, the account is
    removed from the cache.
    """

    def __init__(self, auth: ServiceClient, redis_url: str | None = None) -> None:
        """Use an auth service, and subscribe to revocations on a Redis."""
        self._auth = auth
        self._cache: TLRUCache[bytes, Cached] = TLRUCache(CACHE_ENTRIES, _until)
        self._revocations = 0
        self._lock = threading.Lock()
        register_cache(self)
        if redis_url:
            RevocationListener(redis_url, self.forget)

    async def __call__(self, token: str | None) -> Principal | None:
        """Return the principal of `token`, or None if it is not valid.

        Raises:
            TooManyRequests: the client address has sent too many tokens that are not valid.
            Unavailable: the auth service does not respond.
        """
        key = hashlib.sha256((token or "").encode()).digest()
        with self._lock:
            cached, revocations = self._cache.get(key), self._revocations
        if cached is not None:
            return cached[0]
        principal, seconds = await self._ask(token)
        with self._lock:
            # If an account was revoked during the introspection, the result may be outdated.
            if principal is not None and seconds > 0 and revocations == self._revocations:
                self._cache[key] = principal, seconds
        return principal

    def forget(self, user: str | None = None) -> None:
        """Remove an account, or all of them, from the cache."""
        with self._lock:
            self._revocations += 1
            for key in [key for key, cached in self._cache.items() if user in {None, cached[0].user_id}]:
                del self._cache[key]

    async def _ask(self, token: str | None) -> tuple[Principal | None, float]:
        try:
            info = await self._auth.post("/internal/auth/introspection", {"token": token}, idempotent=True)
        except (NotFound, Forbidden, Unauthenticated) as error:
            # Tokens that are not valid are no error here: the token of this service is rejected.
            raise Unavailable(
                "The auth service rejects the token of this service; the operator must check it."
            ) from error
        if not info["active"]:
            return None, 0
        return Principal.from_introspection(info), info.get("remember", CACHE_SECONDS)


def _until(key: bytes, cached: Cached, now: float) -> float:
    """Return when a cached principal expires, on the clock of `now` in seconds; not after its token."""
    principal, seconds = cached
    if principal.expires is None:
        return now + seconds
    left = (parse_timestamp(principal.expires) - timestamps.now()).total_seconds()
    return now + min(left, seconds)
