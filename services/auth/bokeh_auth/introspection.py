"""Who holds a token, and what it allows: the one place that knows all kinds of them.

There are two modes. Without keys there is one account, `local`, and whoever reaches the server without a
token is its owner. With accounts, who sends nothing is nobody. View tokens exist in both: the frame in which
a plot runs is not trusted with the account.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from hmac import compare_digest
from typing import Any

from bokeh_auth import credentials
from bokeh_auth.accounts import Account
from bokeh_auth.domain import Domain
from bokeh_auth.scopes import SCOPES, SERVICE_SCOPES, VIEWING
from bokeh_auth.tokens import PREFIX as VIEW
from bokeh_auth.tokens import View, ViewTokens
from bokeh_auth.vault import ROOMS, Credential

LOCAL = "local"

#: A server without keys has none to manage.
LOCAL_SCOPES = tuple(scope for scope in SCOPES if scope != "keys:write")


#: The quota of who may have any number of anything.
UNBOUNDED: Mapping[str, int | None] = {"bytes": None, "plots": None, "uploads": None}


@dataclass(frozen=True)
class Holder:
    """Who holds a token.

    Attributes:
        user_id: the account.
        scopes: what it allows.
        only: the id of the one plot that it opens; None when it opens the account.
        origins: the sites that may embed that plot; empty for any.
        quota: how many `bytes` and `plots` the account may have; None for any number.
        by: which key, session or service it is, as `keys/{id}`; it opens nothing.
        expires: RFC 3339; None for a token that is good until it is revoked.
    """

    user_id: str
    scopes: tuple[str, ...]
    only: str | None = None
    origins: tuple[str, ...] = ()
    quota: Mapping[str, int | None] = field(default_factory=lambda: dict(UNBOUNDED), hash=False)
    by: str = ""
    expires: str | None = None


class Keyless:
    """The one account of a server without keys."""

    def __init__(self, views: ViewTokens) -> None:
        self._views = views

    def holder(self, token: str | None) -> Holder | None:
        """Return who holds `token`."""
        if token is None:
            return Holder(LOCAL, LOCAL_SCOPES)
        view = self._views.open(token)
        return _viewer(view) if view else None


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
        found = self._viewer(token) if token.startswith(VIEW) else self._credential(token)
        return found and replace(found[0], quota=found[1].quota(self._quota))

    def _viewer(self, token: str) -> tuple[Holder, Account] | None:
        view = self._views.open(token)
        account = self._accounts.find_active(view.user_id) if view else None
        if view is None or account is None:
            return None
        if view.share is not None and not self._vault.is_live(credentials.SHARE, view.user_id, view.share):
            return None
        return _viewer(view), account

    def _credential(self, token: str) -> tuple[Holder, Account] | None:
        opened = self._vault.open(token)
        account = self._accounts.find_active(opened.user_id) if opened else None
        if opened is None or account is None:
            return None
        if opened.prefix == credentials.SESSION and opened.epoch != account.epoch:
            return None
        return _holder(opened), account


class Services:
    """The services of the cloud, by the digests of their tokens."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        """Take the SHA-256 of each service's token, by the service's name."""
        self._digests = digests

    def holder(self, token: str | None) -> Holder | None:
        """Return which service holds `token`."""
        digest = credentials.digest_of(token or "")
        found = [name for name, known in self._digests.items() if compare_digest(known, digest)]
        service = f"service:{found[0]}" if found else ""
        return Holder(service, SERVICE_SCOPES[found[0]], by=service) if found else None


class Introspection:
    """Answers what the services ask."""

    def __init__(
        self,
        people: Keyless | Keyed,
        services: Services,
        remembered: float = 30,
        wrong: Callable[[str], None] = lambda _origin: None,
    ) -> None:
        """Put it together.

        Args:
            people: whose tokens there are.
            services: the services' own tokens.
            remembered: for how many seconds who asks may remember an answer: how long a revoked key works
                where nobody hears of revocations.
            wrong: counts a wrong token of an address; `TooMany`.
        """
        self._people = people
        self._services = services
        self._remembered = remembered
        self._wrong = wrong

    def is_service(self, token: str | None) -> bool:
        """Whether a service of this cloud holds `token`."""
        return self._services.holder(token) is not None

    def demand(self, token: str | None, origin: str) -> Holder | None:
        """Return who holds a token that came from an address; as `holder`.

        Raises:
            TooMany: nobody does, and many wrong ones came from there.
        """
        found = self.holder(token)
        # A service with a wrong token is the operator's mistake, and must not look like a user's haste.
        if found is None and token and not token.startswith(credentials.SERVICE):
            self._wrong(origin)
        return found

    def holder(self, token: str | None) -> Holder | None:
        """Return who holds `token`, a person's or a service's."""
        is_service = token is not None and token.startswith(credentials.SERVICE)
        return self._services.holder(token) if is_service else self._people.holder(token)

    def introspect(self, token: str | None, origin: str = "") -> dict[str, Any]:
        """Say who holds `token` as RFC 7662 does, `{"active": False}` for nobody; raises as `demand`."""
        holder = self.demand(token, origin)
        if holder is None:
            return {"active": False}
        # Who signs out on a shared computer expects it to hold at once.
        is_session = token is not None and token.startswith(credentials.SESSION)
        return {"active": True, **asdict(holder), "remember": 0 if is_session else self._remembered}


def _holder(opened: Credential) -> Holder:
    by = f"{ROOMS[opened.prefix]}/{opened.id}"
    parts = opened.user_id, opened.scopes, opened.only, opened.origins
    return Holder(*parts, by=by, expires=opened.expires)


def _viewer(view: View) -> Holder:
    return Holder(view.user_id, VIEWING, view.plot, by="view")
