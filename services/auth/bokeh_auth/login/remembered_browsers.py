"""Remembered browsers: those in which the owner of a mailbox has logged in before.

Their requests for login links count against a rate limit of their own, which strangers cannot use up. The
token, `bkb_` followed by a signed digest of the mailbox and a random id, grants nothing else. It is not
stored, and is forgotten when the signing key is replaced.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta

from itsdangerous import BadData, URLSafeTimedSerializer

from bokeh_auth.rate_limits import mailbox_digest

PREFIX = "bkb_"
LIFETIME = timedelta(days=365)
ID_BYTES = 12


class RememberedBrowsers:
    """Creates and verifies the tokens of remembered browsers."""

    def __init__(self, keys: Callable[[], Sequence[bytes]]) -> None:
        """Create the signer; `keys` returns the accepted keys, of which the last one signs."""
        self._keys = keys

    def remember(self, email: str) -> str:
        """Return the token of a browser in which the owner of an address has logged in."""
        signed = self._serializer().dumps((mailbox_digest(email), secrets.token_hex(ID_BYTES)))
        return PREFIX + (signed if isinstance(signed, str) else signed.decode())

    def find(self, token: str, email: str) -> str | None:
        """Return the id of a browser; None if the owner of this address has not logged in there."""
        try:
            age = int(LIFETIME.total_seconds())
            mailbox, browser = self._serializer().loads(token.removeprefix(PREFIX), max_age=age)
        except (BadData, TypeError, ValueError):
            return None
        return str(browser) if token.startswith(PREFIX) and mailbox == mailbox_digest(email) else None

    def _serializer(self) -> URLSafeTimedSerializer:
        signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeTimedSerializer(self._keys(), salt="remembered-browser", signer_kwargs=signing)
