"""Introspection: whose token it is, and what it grants (RFC 7662), for all kinds of tokens.

There are two modes. Without accounts there is one account, `local`, which every client without a token can
access. With accounts, a client without a token can access none. View tokens exist in both modes: the frame in
which a plot runs must not get access to the account.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from hmac import compare_digest
from typing import Any, Protocol

from bokeh_auth.accounts.accounts import Account, Accounts
from bokeh_auth.credentials import secret
from bokeh_auth.credentials.scopes import SCOPES, SERVICE_SCOPES, VIEWING
from bokeh_auth.credentials.store import KEYSPACES, Credential, CredentialStore
from bokeh_auth.credentials.view_tokens import PREFIX as VIEW
from bokeh_auth.credentials.view_tokens import View, ViewTokens
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_common.view_grant import ViewGrant

LOCAL = "local"

#: A server without accounts has no keys to manage.
LOCAL_SCOPES = tuple(scope for scope in SCOPES if scope != "keys:write")

Quota = Mapping[str, int | None]

UNLIMITED: Quota = {"bytes": None, "plots": None, "uploads": None}


@dataclass(frozen=True)
class TokenInfo:
    """Whose token it is, and what it grants.

    Attributes:
        user_id: the account.
        scopes: the scopes.
        only: the id of the one plot that it grants access to; None for the whole account.
        origins: the origins (RFC 6454) that may embed that plot; empty for any.
        quota: the `bytes` and `plots` that the account may have, and its `uploads` a minute; None for any
            number.
        by: the key, session or service, as `keys/{id}`, for the audit log; it grants nothing.
        expires: when it expires, RFC 3339; None for never.
        view: for view tokens, the part of the plot that they grant access to.
        history: for share links, whether they open old versions of the plot, too.
    """

    user_id: str
    scopes: tuple[str, ...]
    only: str | None = None
    origins: tuple[str, ...] = ()
    quota: Quota = field(default_factory=lambda: dict(UNLIMITED), hash=False)
    by: str = ""
    expires: str | None = None
    view: ViewGrant | None = None
    history: bool = False


class Tokens(Protocol):
    """The tokens of clients."""

    def identify(self, token: str | None) -> TokenInfo | None:
        """Return whose token it is; None for a client without a token too; None if it is not valid."""


class SingleAccountTokens:
    """The tokens of a server without accounts."""

    def __init__(self, view_tokens: ViewTokens) -> None:
        self._view_tokens = view_tokens

    def identify(self, token: str | None) -> TokenInfo | None:
        """Return whose token it is; the local account's without a token."""
        if token is None:
            return TokenInfo(LOCAL, LOCAL_SCOPES)
        view = self._view_tokens.verify(token)
        return _view_info(view) if view else None


class AccountTokens:
    """The tokens of a server with accounts."""

    def __init__(
        self,
        view_tokens: ViewTokens,
        credentials: CredentialStore,
        accounts: Accounts,
        quota: Quota = UNLIMITED,
    ) -> None:
        """Create the lookup; `quota` is that of accounts that have none of their own."""
        self._view_tokens = view_tokens
        self._credentials = credentials
        self._accounts = accounts
        self._quota = quota

    def identify(self, token: str | None) -> TokenInfo | None:
        """Return whose token it is; None without a token, and if the account is disabled or deleted."""
        if token is None:
            return None
        found = self._view(token) if token.startswith(VIEW) else self._credential(token)
        return found and replace(found[0], quota=found[1].quota(self._quota))

    def _view(self, token: str) -> tuple[TokenInfo, Account] | None:
        view = self._view_tokens.verify(token)
        account = self._accounts.find_active(view.user_id) if view else None
        if view is None or account is None:
            return None
        if view.share is not None and not self._credentials.is_valid(secret.SHARE, view.user_id, view.share):
            return None
        return _view_info(view), account

    def _credential(self, token: str) -> tuple[TokenInfo, Account] | None:
        credential = self._credentials.verify(token)
        account = self._accounts.find_active(credential.user_id) if credential else None
        if credential is None or account is None:
            return None
        if credential.prefix == secret.SESSION and credential.epoch != account.epoch:
            return None
        return _credential_info(credential), account


class ServiceTokens:
    """The service tokens of the cloud, by their digests."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        """Create the lookup from the name of the service, by the SHA-256 digest of each of its tokens."""
        self._digests = digests

    def identify(self, token: str | None) -> TokenInfo | None:
        """Return which service's token it is; None if it is no service token."""
        digest = secret.digest_of(token or "")
        found = [name for known, name in self._digests.items() if compare_digest(known, digest)]
        service = f"service:{found[0]}" if found else ""
        return TokenInfo(service, SERVICE_SCOPES[found[0]], by=service) if found else None


class Introspection:
    """Answers introspection requests."""

    def __init__(
        self,
        tokens: Tokens,
        services: ServiceTokens,
        cache_seconds: float = 30,
        on_wrong_token: Callable[[str], None] = lambda _address: None,
    ) -> None:
        """Create the introspection.

        Args:
            tokens: the tokens of clients.
            services: the tokens of services.
            cache_seconds: for how long other services may cache an answer, and thus how long a revoked key is
                accepted where revocations are not published.
            on_wrong_token: called with the client address of a wrong token; may raise `TooManyRequests`.
        """
        self._tokens = tokens
        self._services = services
        self._cache_seconds = cache_seconds
        self._on_wrong_token = on_wrong_token

    def is_service(self, token: str | None) -> bool:
        """Whether this is the token of a service of this cloud."""
        return self._services.identify(token) is not None

    async def authenticate(self, token: str | None, client_address: str) -> TokenInfo | None:
        """Return whose token a client sent; None if it is not valid.

        The storage is read on a thread, for the tokens that it has.

        Raises:
            TooManyRequests: the token is wrong, as were too many others from this address.
        """
        # A wrong service token is an error of the operator, and must not be reported as too many requests.
        if token is None or token.startswith(secret.SERVICE):
            return self.identify(token)
        return await STORAGE.run(self._authenticate, token, client_address)

    def _authenticate(self, token: str, client_address: str) -> TokenInfo | None:
        found = self.identify(token)
        if found is None and token:
            self._on_wrong_token(client_address)
        return found

    def identify(self, token: str | None) -> TokenInfo | None:
        """Return whose token it is, a client's or a service's; None if it is not valid."""
        is_service = token is not None and token.startswith(secret.SERVICE)
        return self._services.identify(token) if is_service else self._tokens.identify(token)

    async def introspect(self, token: str | None, client_address: str = "") -> dict[str, Any]:
        """Return the answer of RFC 7662, `{"active": False}` if not valid; raises as `authenticate`."""
        info = await self.authenticate(token, client_address)
        if info is None:
            return {"active": False}
        # A logout, for example on a shared computer, has to take effect at once.
        is_session = token is not None and token.startswith(secret.SESSION)
        return {"active": True, **asdict(info), "remember": 0 if is_session else self._cache_seconds}


def _credential_info(credential: Credential) -> TokenInfo:
    by = f"{KEYSPACES[credential.prefix]}/{credential.id}"
    grants = credential.user_id, credential.scopes, credential.only, credential.origins
    return TokenInfo(*grants, by=by, expires=credential.expires, history=credential.history)


def _view_info(view: View) -> TokenInfo:
    return TokenInfo(view.user_id, VIEWING, view.plot, by="view", view=view.grant)
