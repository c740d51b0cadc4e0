"""Sessions: browser logins.

The token of a session is in a cookie of the browser. It grants access to the whole account, for two weeks or
until its owner logs out, in this browser or everywhere.
"""

from contextlib import suppress
from datetime import timedelta

from bokeh_auth.accounts.accounts import Account, Accounts
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_auth.credentials.secret import SESSION
from bokeh_auth.credentials.store import Credential, CredentialStore
from bokeh_common.errors import NotFound
from bokeh_common.timestamps import Clock, is_past, now

LIFETIME = timedelta(days=14)
MAX_AGENT = 100
MAX_SESSIONS = 100


class Sessions:
    """The sessions of all accounts."""

    def __init__(self, credentials: CredentialStore, accounts: Accounts, clock: Clock = now) -> None:
        self._credentials = credentials
        self._accounts = accounts
        self._clock = clock

    def start(self, account: Account, agent: str) -> str:
        """Return the token of a new session.

        Args:
            account: the account as it was when its owner authenticated, so that a logout everywhere since
                then invalidates the session.
            agent: a description of the browser, for the owner.
        """
        self._delete_old(account.user_id)
        name = "".join(letter for letter in agent if letter.isprintable())[:MAX_AGENT] or "a browser"
        end = self._clock() + LIFETIME
        scopes, epoch = tuple(SCOPES), account.epoch
        _, secret = self._credentials.issue(SESSION, account.user_id, name, scopes, end, epoch=epoch)
        return secret

    def page(self, user: str) -> list[Credential]:
        """Return the valid sessions of an account."""
        account, found = self._accounts.find(user), self._credentials.page(SESSION, user)
        return [session for session in found if self._is_valid(session, account)]

    def end(self, user: str, session: str) -> None:
        """End a session by its id; `NotFound`."""
        self._credentials.revoke(SESSION, user, session)

    def end_all(self, user: str) -> int:
        """End all sessions of an account, and its login links; return how many sessions there were.

        The epoch of the account is what counts, so that one write ends them all, also those that start
        meanwhile.
        """
        self._accounts.next_epoch(user)
        return self._credentials.revoke_all(SESSION, user)

    def _is_valid(self, session: Credential, account: Account | None) -> bool:
        is_current = account is not None and session.epoch == account.epoch
        return is_current and not is_past(session.expires, self._clock())

    def _delete_old(self, user: str) -> None:
        """Delete sessions that have expired, and the oldest ones if there are too many."""
        found = self._credentials.page(SESSION, user)
        newest_first = sorted(found, key=lambda session: session.created, reverse=True)
        for i, session in enumerate(newest_first):
            if i >= MAX_SESSIONS - 1 or is_past(session.expires, self._clock()):
                with suppress(NotFound):  # another request has deleted it
                    self._credentials.revoke(SESSION, user, session.id)
