"""Who holds a token, and what it allows: the one place that knows all kinds of them.

There are two modes. Without keys there is one account, `local`, and whoever reaches the server without a
token is its owner. With accounts, who sends nothing is nobody. View tokens exist in both: the frame in which
a plot runs is not trusted with the account.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hmac import compare_digest
from typing import Any

from bokeh_auth import credentials
from bokeh_auth.domain import Domain
from bokeh_auth.scopes import SCOPES, SERVICE_SCOPES, VIEWING
from bokeh_auth.tokens import ViewTokens
from bokeh_auth.vault import Credential

LOCAL = "local"

#: A server without keys has none to manage.
LOCAL_SCOPES = tuple(scope for scope in SCOPES if scope != "keys:write")


#: The quota of who may have any number of anything.
UNBOUNDED: Mapping[str, int | None] = {"bytes": None, "plots": None}


@dataclass(frozen=True)
class Holder:
    """Who holds a token.

    Attributes:
        user_id: the account.
        scopes: what it allows.
        only: the id of the one plot that it opens; None when it opens the account.
        origins: the sites that may embed that plot; empty for any.
        quota: how many `bytes` and `plots` the account may have; None for any number.
    """

    user_id: str
    scopes: tuple[str, ...]
    only: str | None = None
    origins: tuple[str, ...] = ()
    quota: Mapping[str, int | None] = field(default_factory=lambda: dict(UNBOUNDED), hash=False)


class Keyless:
    """The one account of a server without keys."""

    def __init__(self, views: ViewTokens, quota: Mapping[str, int | None] = UNBOUNDED) -> None:
        self._views = views
        self._quota = quota

    def holder(self, token: str | None) -> Holder | None:
        """Return who holds `token`."""
        return (
            Holder(LOCAL, LOCAL_SCOPES, quota=self._quota) if token is None else _viewer(self._views, token)
        )


class Keyed:
    """The accounts of a server with keys."""

    def __init__(self, domain: Domain, quota: Mapping[str, int | None] = UNBOUNDED) -> None:
        """Take the domain, and the quota of accounts that have none of their own."""
        self._views = domain.views
        self._vault = domain.vault
        self._accounts = domain.accounts
        self._quota = quota

    def holder(self, token: str | None) -> Holder | None:
        """Return who holds `token`; nobody, when the account is disabled or gone."""
        if token is None:
            return None
        found = _viewer(self._views, token) or self._credential(token)
        account = self._accounts.find(found.user_id) if found is not None else None
        if found is None or account is None or account.disabled:
            return None
        return replace(found, quota=account.quota(self._quota))

    def _credential(self, token: str) -> Holder | None:
        opened = self._vault.open(token)
        return None if opened is None else _holder(opened)


class Services:
    """The services of the cloud, by the digests of their tokens."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        """Take the SHA-256 of each service's token, by the service's name."""
        self._digests = digests

    def holder(self, token: str | None) -> Holder | None:
        """Return which service holds `token`."""
        digest = credentials.digest_of(token or "")
        found = [name for name, known in self._digests.items() if compare_digest(known, digest)]
        return Holder(f"service:{found[0]}", SERVICE_SCOPES[found[0]]) if found else None


class Introspection:
    """Answers what the services ask."""

    def __init__(self, people: Keyless | Keyed, services: Services, cacheable: bool = True) -> None:
        """Put it together.

        Args:
            people: whose tokens there are.
            services: the services' own tokens.
            cacheable: whether who asks may remember an answer; a revoked key then works for that much longer.
        """
        self._people = people
        self._services = services
        self._cacheable = cacheable

    def holder(self, token: str | None) -> Holder | None:
        """Return who holds `token`, a person's or a service's."""
        is_service = token is not None and token.startswith(credentials.SERVICE)
        return self._services.holder(token) if is_service else self._people.holder(token)

    def introspect(self, token: str | None) -> dict[str, Any]:
        """Say who holds `token` in the manner of RFC 7662; `{"active": False}` when nobody does."""
        holder = self.holder(token)
        if holder is None:
            return {"active": False}
        # Who signs out on a shared computer expects it to hold at once.
        is_session = token is not None and token.startswith(credentials.SESSION)
        return {"active": True, **asdict(holder), "cacheable": self._cacheable and not is_session}


def _holder(opened: Credential) -> Holder:
    return Holder(opened.user_id, opened.scopes, opened.only, opened.origins)


def _viewer(views: ViewTokens, token: str) -> Holder | None:
    opened = views.open(token)
    return None if opened is None else Holder(opened.user_id, VIEWING, opened.plot)
