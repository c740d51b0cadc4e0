"""API keys, with which programs authenticate as an account."""

from collections.abc import Sequence
from datetime import timedelta

from bokeh_auth.credentials.scopes import grant_scopes
from bokeh_auth.credentials.secret import PERSONAL
from bokeh_auth.credentials.store import Credential, CredentialStore
from bokeh_common.errors import Conflict, Forbidden, Invalid
from bokeh_common.timestamps import Clock, add_clamped, now, parse_expiry, parse_timestamp

MAX_KEYS = 100
MAX_NAME = 100
MAX_OVERLAP = timedelta(days=7)


class ApiKeys:
    """The API keys of all accounts."""

    def __init__(self, credentials: CredentialStore, clock: Clock = now) -> None:
        self._credentials = credentials
        self._clock = clock

    def create(
        self,
        user: str,
        name: str,
        scopes: Sequence[str],
        expires: str | None,
        held: frozenset[str],
        until: str | None = None,
    ) -> tuple[Credential, str]:
        """Create a key, and return it with its secret, which cannot be read again.

        Args:
            user: the account.
            name: a name for the owner.
            scopes: the scopes of the key.
            expires: when it expires, RFC 3339; None for never.
            held: the scopes of the key or session with which the request is made.
            until: when that key expires; it cannot create a key that outlives it.

        Raises:
            Invalid: the name, a scope or the time is not valid.
            Forbidden: the key would have more scopes, or a longer life, than the one that creates it.
            Conflict: the account has too many keys.
        """
        if len(self._credentials.page(PERSONAL, user, limit=MAX_KEYS)) >= MAX_KEYS:
            raise Conflict(f"The account has {MAX_KEYS} keys; revoke some.", slug="too-many-keys")
        granted = grant_scopes(scopes, held)
        end = parse_expiry(expires, self._clock())
        if until is not None and (end is None or end > parse_timestamp(until)):
            raise Forbidden(f"No key makes one that outlives it; 'expires' must not be after {until}.")
        return self._credentials.issue(PERSONAL, user, _checked_name(name), granted, end)

    def rotate(
        self, user: str, key: str, overlap: timedelta, held: frozenset[str], until: str | None = None
    ) -> tuple[Credential, str]:
        """Create a successor of a key, which stays valid for `overlap`, so that no program is interrupted.

        The successor has the lifetime of the old key, starting now, but does not outlive `until`, when the
        key with which the request is made expires.

        Raises:
            NotFound: there is no such key.
            Forbidden: the key has scopes that are not in `held`.
            Invalid: the overlap is too long.
        """
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            hours = MAX_OVERLAP.days * 24
            raise Invalid(f"A key stays valid for at most {hours} hours after its successor is made.")
        old = self._credentials.get(PERSONAL, user, key)
        expires = None
        if old.expires:
            lifetime = parse_timestamp(old.expires) - parse_timestamp(old.created)
            expires = add_clamped(self._clock(), lifetime)
        if until is not None:
            expires = min(expires or parse_timestamp(until), parse_timestamp(until))
        scopes = grant_scopes(old.scopes, held)
        created = self._credentials.issue(PERSONAL, user, old.name, scopes, expires)
        self._credentials.expire(old, overlap)
        return created

    def page(self, user: str, after: str, limit: int) -> list[Credential]:
        """Return keys of an account in the order of their ids, without their secrets."""
        return self._credentials.page(PERSONAL, user, after, limit)

    def revoke(self, user: str, key: str) -> Credential:
        """Revoke a key; `NotFound`."""
        return self._credentials.revoke(PERSONAL, user, key)


def _checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid(f"'name' must have 1 to {MAX_NAME} printable characters.")
    return name
