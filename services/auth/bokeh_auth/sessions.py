"""Browser sessions: what signing in gives.

A session's token is in the cookie of a browser and opens the whole account, for two weeks, or until its owner
signs out there or everywhere.
"""

from contextlib import suppress
from datetime import timedelta

from bokeh_auth.accounts import Account, Accounts
from bokeh_auth.credentials import SESSION
from bokeh_auth.scopes import SCOPES
from bokeh_auth.times import Clock, now, past
from bokeh_auth.vault import Credential, Vault
from bokeh_common.errors import NotFound

LIFETIME = timedelta(days=14)
MAX_AGENT = 100
MAX_SESSIONS = 100


class Sessions:
    """The browser sessions of all accounts."""

    def __init__(self, vault: Vault, accounts: Accounts, clock: Clock = now) -> None:
        self._vault = vault
        self._accounts = accounts
        self._clock = clock

    def start(self, account: Account, agent: str) -> str:
        """Return the token of a new session.

        Args:
            account: as it was when its owner proved to be that: what they end meanwhile stays ended.
            agent: what its owner will know the browser by.
        """
        self._clear(account.user_id)
        name = "".join(letter for letter in agent if letter.isprintable())[:MAX_AGENT] or "a browser"
        ends = self._clock() + LIFETIME
        _, secret = self._vault.issue(
            SESSION, account.user_id, name, tuple(SCOPES), ends, epoch=account.epoch
        )
        return secret

    def page(self, user: str) -> list[Credential]:
        """Return the account's sessions, but for those that have ended."""
        account = self._accounts.find(user)
        return [session for session in self._vault.page(SESSION, user) if self._lives(session, account)]

    def end(self, user: str, session: str) -> None:
        """End a session by its id; `NotFound`."""
        self._vault.revoke(SESSION, user, session)

    def sign_out_everywhere(self, user: str) -> int:
        """End all sessions of the account, and the links that would start one; return how many there were.

        The epoch of the account decides, so that one change ends them all, also those that begin just now.
        """
        self._accounts.next_epoch(user)
        return self._vault.revoke_all(SESSION, user)

    def _lives(self, session: Credential, account: Account | None) -> bool:
        fits = account is not None and session.epoch == account.epoch
        return fits and not past(session.expires, self._clock())

    def _clear(self, user: str) -> None:
        """Forget sessions that have ended, and the oldest where there are very many."""
        there = sorted(self._vault.page(SESSION, user), key=lambda session: session.created, reverse=True)
        for i, session in enumerate(there):
            if i >= MAX_SESSIONS - 1 or past(session.expires, self._clock()):
                with suppress(NotFound):  # somebody else did it
                    self._vault.revoke(SESSION, user, session.id)
