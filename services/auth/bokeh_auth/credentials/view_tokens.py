"""View tokens: `bkv_` followed by a signed account, plot and what is shown of it, valid for some minutes.

They are not stored: the signature (HMAC with SHA-256, by itsdangerous) proves that they are valid. A token
that is made for a reader with a share link contains the id of the link, and is not valid any more when that
is revoked. The plots service checks the other conditions, which are those of a plot, see `ViewGrant`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from bokeh_auth.credentials.signing_keys import LIFETIME
from bokeh_common.view_grant import NEWEST_VERSION, ViewGrant

PREFIX = "bkv_"

#: By how many seconds the clock that verifies a token may be behind the one that signed it.
MAX_CLOCK_SKEW = 60


class BackdatingSigner(TimestampSigner):
    """Signs with an earlier time, since itsdangerous rejects what was signed in the future."""

    def get_timestamp(self) -> int:
        """Return the time of the signature, in seconds since 1970."""
        return super().get_timestamp() - MAX_CLOCK_SKEW


@dataclass(frozen=True)
class View:
    """What a view token grants access to; `share` is the id of the share link on which it depends, if any.

    Tokens of earlier releases have no `grant`, so they grant access to the newest version.
    """

    user_id: str
    plot: str
    share: str | None = None
    grant: ViewGrant = NEWEST_VERSION


class ViewTokens:
    """Creates and verifies view tokens."""

    def __init__(self, keys: Callable[[], Sequence[bytes]], lifetime: timedelta = LIFETIME) -> None:
        """Create the signer; `keys` returns the accepted keys, of which the last one signs."""
        self._keys = keys
        self._max_age = int(lifetime.total_seconds()) + MAX_CLOCK_SKEW

    def create(
        self, user_id: str, plot: str, share: str | None = None, grant: ViewGrant = NEWEST_VERSION
    ) -> str:
        """Return a new token; `share` is the id of the share link on which it depends, if any."""
        signed = self._serializer(BackdatingSigner).dumps((user_id, plot, share, asdict(grant)))
        return PREFIX + (signed if isinstance(signed, str) else signed.decode())

    def verify(self, token: str) -> View | None:
        """Return what a token grants access to; None if its signature is wrong, or it has expired."""
        if not token.startswith(PREFIX):
            return None
        try:
            signed = self._serializer().loads(token.removeprefix(PREFIX), max_age=self._max_age)
        except BadData:
            return None
        user_id, plot, share, *grant = signed
        return View(user_id, plot, share, *(ViewGrant(**part) for part in grant))

    def _serializer(self, signer: type[TimestampSigner] = TimestampSigner) -> URLSafeTimedSerializer:
        signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeTimedSerializer(self._keys(), salt="view", signer=signer, signer_kwargs=signing)
