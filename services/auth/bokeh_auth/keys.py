"""API keys: what a program sends in the name of an account."""

from collections.abc import Sequence
from datetime import timedelta

from bokeh_auth.credentials import PERSONAL
from bokeh_auth.scopes import granted
from bokeh_auth.times import Clock, expiry, later, now, parsed
from bokeh_auth.vault import Credential, Vault
from bokeh_common.errors import Conflict, Forbidden, Invalid

MAX_KEYS = 100
MAX_NAME = 100
MAX_OVERLAP = timedelta(days=7)


class Keys:
    """The API keys of all accounts."""

    def __init__(self, vault: Vault, clock: Clock = now) -> None:
        self._vault = vault
        self._clock = clock

    def make(
        self,
        user: str,
        name: str,
        scopes: Sequence[str],
        expires: str | None,
        held: frozenset[str],
        until: str | None = None,
    ) -> tuple[Credential, str]:
        """Make a key and return it with its secret, which is never shown again.

        Args:
            user: whose key.
            name: what the owner calls it.
            scopes: what it may do.
            expires: RFC 3339; None for a key that is good until it is revoked.
            held: the scopes of the key or the session that asks.
            until: when the key that asks expires: no key makes one that outlives it.

        Raises:
            Invalid, Forbidden: the name, the scopes or the time cannot be.
            Conflict: the account has very many keys.
        """
        if len(self._vault.page(PERSONAL, user, limit=MAX_KEYS)) >= MAX_KEYS:
            raise Conflict(f"The account has {MAX_KEYS} keys; revoke some.", slug="too-many-keys")
        allowed = granted(scopes, held)
        ends = expiry(expires, self._clock())
        if until is not None and (ends is None or ends > parsed(until)):
            raise Forbidden(f"No key makes one that outlives it; 'expires' must not be after {until}.")
        return self._vault.issue(PERSONAL, user, _name(name), allowed, ends)

    def rotate(
        self, user: str, key: str, overlap: timedelta, held: frozenset[str], until: str | None = None
    ) -> tuple[Credential, str]:
        """Make a successor of a key; the old one is good for `overlap` more, so that nothing stands still.

        The successor lives as long as the old one would have, from now on; not beyond `until`, where a key
        asks that expires then.

        Raises:
            NotFound: there is no such key.
            Forbidden: the key may do more than who asks.
        """
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            raise Invalid(f"A key lives on for at most {MAX_OVERLAP.days * 24} hours beside its successor.")
        old = self._vault.get(PERSONAL, user, key)
        expires = later(self._clock(), parsed(old.expires) - parsed(old.created)) if old.expires else None
        if until is not None:
            expires = min(expires or parsed(until), parsed(until))
        scopes = granted(old.scopes, held)
        made = self._vault.issue(PERSONAL, user, old.name, scopes, expires)
        self._vault.end(old, overlap)
        return made

    def page(self, user: str, after: str, limit: int) -> list[Credential]:
        """Return the keys, without their secrets."""
        return self._vault.page(PERSONAL, user, after, limit)

    def revoke(self, user: str, key: str) -> Credential:
        """Make a key open nothing from now on; `NotFound`."""
        return self._vault.revoke(PERSONAL, user, key)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid(f"'name' must have 1 to {MAX_NAME} characters that can be printed.")
    return name
