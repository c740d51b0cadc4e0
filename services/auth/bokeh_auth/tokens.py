"""View tokens: `bkv_` and a signed note of account and plot, good for minutes.

They need no storage: the signature (HMAC with SHA-256, by itsdangerous) proves them. One that was made for
who came by a share link names it, and opens nothing once that is revoked.
"""

import hashlib
from dataclasses import astuple, dataclass

from itsdangerous import BadData, URLSafeTimedSerializer

PREFIX = "bkv_"
LIFETIME_SECONDS = 15 * 60


@dataclass(frozen=True)
class View:
    """What a view token opens; `share` is the id of the share link that it depends on."""

    user_id: str
    plot: str
    share: str | None = None


class ViewTokens:
    """Makes and opens view tokens with one secret key."""

    def __init__(self, key: bytes, lifetime: int = LIFETIME_SECONDS) -> None:
        """Take the secret key, and the seconds that a token lives."""
        signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._serializer = URLSafeTimedSerializer(key, salt="view", signer_kwargs=signing)
        self._lifetime = lifetime

    def make(self, user_id: str, plot: str, share: str | None = None) -> str:
        """Return a new token."""
        signed = self._serializer.dumps(astuple(View(user_id, plot, share)))
        return PREFIX + (signed if isinstance(signed, str) else signed.decode())

    def open(self, token: str) -> View | None:
        """Return what `token` opens; None when it is not one of ours, or too old."""
        if not token.startswith(PREFIX):
            return None
        try:
            return View(*self._serializer.loads(token.removeprefix(PREFIX), max_age=self._lifetime))
        except BadData:
            return None
