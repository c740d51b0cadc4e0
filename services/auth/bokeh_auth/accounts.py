"""Accounts: who holds a token, and what it allows.

This is the key-less mode: there is one account, `local`, and whoever reaches the server without a token is
its owner. View tokens exist all the same: the frame in which a plot runs is not trusted with the account.
"""

from dataclasses import asdict, dataclass
from typing import Any

from bokeh_auth.tokens import ViewTokens

LOCAL = "local"

#: What each scope allows.
SCOPES = {
    "plots:read": "list plots and read their scenes",
    "plots:write": "publish, change and delete plots",
    "data:read": "list data sources and read columns",
    "data:write": "upload chunks and commit data sources",
    "gc:run": "list orphans and collect them",
    "account": "see who one is",
}

VIEW_SCOPES = ("plots:read", "data:read")


@dataclass(frozen=True)
class Holder:
    """Who holds a token; `only` is the id of the one plot that it opens, None when it opens the account."""

    user_id: str
    scopes: tuple[str, ...]
    only: str | None = None


class Accounts:
    """The accounts of a key-less server."""

    def __init__(self, views: ViewTokens) -> None:
        self._views = views

    def introspect(self, token: str | None) -> dict[str, Any]:
        """Say who holds `token` in the manner of RFC 7662; `{"active": False}` when nobody does."""
        holder = self._holder(token)
        return {"active": False} if holder is None else {"active": True, **asdict(holder)}

    def view_token(self, user_id: str, plot: str) -> str:
        """Make a token that opens one plot of the account, for minutes."""
        return self._views.make(user_id, plot)

    def _holder(self, token: str | None) -> Holder | None:
        if token is None:
            return Holder(LOCAL, tuple(SCOPES))
        opened = self._views.open(token)
        return None if opened is None else Holder(opened.user_id, VIEW_SCOPES, opened.plot)
