"""Browser sessions: what signing in gives.

A session's token is in the cookie of a browser and opens the whole account, for two weeks, or until its owner
signs out there or everywhere.
"""

from datetime import timedelta

from bokeh_auth.credentials import SESSION
from bokeh_auth.scopes import SCOPES
from bokeh_auth.times import Clock, now
from bokeh_auth.vault import Credential, Vault

LIFETIME = timedelta(days=14)
MAX_AGENT = 100


class Sessions:
    """The browser sessions of all accounts."""

    def __init__(self, vault: Vault, clock: Clock = now) -> None:
        self._vault = vault
        self._clock = clock

    def start(self, user: str, agent: str) -> str:
        """Return the token of a new session; `agent` is what its owner will know the browser by."""
        name = "".join(letter for letter in agent if letter.isprintable())[:MAX_AGENT] or "a browser"
        _, secret = self._vault.issue(SESSION, user, name, tuple(SCOPES), self._clock() + LIFETIME)
        return secret

    def page(self, user: str) -> list[Credential]:
        """Return the account's sessions."""
        return self._vault.page(SESSION, user)

    def end(self, user: str, session: str) -> None:
        """End a session by its id; `NotFound`."""
        self._vault.revoke(SESSION, user, session)

    def sign_out(self, token: str) -> None:
        """End the session of this token, if there is one."""
        found = self._vault.open(token)
        if found is not None and found.prefix == SESSION:
            self._vault.revoke(SESSION, found.user_id, found.id)

    def sign_out_everywhere(self, user: str) -> int:
        """End all sessions of the account; return how many there were."""
        return self._vault.revoke_all(SESSION, user)
