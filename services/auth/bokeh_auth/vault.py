"""Credentials that are stored: API keys, browser sessions and share links.

The secret itself is never kept, only its SHA-256. The record under the account decides; an index from the
digest leads there. Whichever of the two a crash leaves alone opens nothing.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from bokeh_auth.credentials import PERSONAL, SESSION, SHARE, digest_of, is_well_formed, new_secret
from bokeh_auth.records import Records
from bokeh_auth.times import Clock, hour_of, now, parsed, past, stamp
from bokeh_common.errors import Conflict, NotFound, Unavailable

PAGE = 1000
ATTEMPTS = 10

#: The rooms of the storage, by the prefix of the secret.
ROOMS = {PERSONAL: "keys", SESSION: "sessions", SHARE: "shares"}


@dataclass(frozen=True)
class Credential:
    """What a secret opens; times are RFC 3339.

    Attributes:
        id: names it in lists and paths; opens nothing.
        prefix: its kind.
        digest: SHA-256 of the secret.
        name: what its owner calls it.
        used: the hour of its last use.
        only: the one plot that it opens; None for the whole account.
        origins: the sites that may embed that plot; empty for any.
        epoch: of the account, for sessions; see `accounts.Account`.
    """

    id: str
    prefix: str
    user_id: str
    digest: str
    name: str
    scopes: tuple[str, ...]
    created: str
    expires: str | None = None
    used: str | None = None
    only: str | None = None
    origins: tuple[str, ...] = ()
    epoch: int = 0

    @property
    def summary(self) -> dict[str, Any]:
        """The credential as its owner sees it."""
        names = ("id", "name", "scopes", "created", "expires", "used")
        return {name: getattr(self, name) for name in names}


class Vault:
    """Makes, opens and revokes credentials."""

    def __init__(
        self, records: Records, clock: Clock = now, changed: Callable[[str], object] = lambda _user: None
    ) -> None:
        """Put it together; `changed` is called with the account whose credentials may open less now."""
        self._records = records
        self._clock = clock
        self._changed = changed

    def issue(
        self,
        prefix: str,
        user: str,
        name: str,
        scopes: Sequence[str],
        expires: datetime | None,
        *,
        only: str | None = None,
        origins: Sequence[str] = (),
        epoch: int = 0,
    ) -> tuple[Credential, str]:
        """Make a credential; the secret is returned this once."""
        secret = new_secret(prefix)
        digest = digest_of(secret)
        made = Credential(
            id=digest[:16],
            prefix=prefix,
            user_id=user,
            digest=digest,
            name=name,
            scopes=tuple(scopes),
            created=stamp(self._clock()),
            expires=stamp(expires) if expires else None,
            only=only,
            origins=tuple(origins),
            epoch=epoch,
        )
        self._records.add_credential(ROOMS[prefix], asdict(made))
        return made, secret

    def open(self, secret: str) -> Credential | None:
        """Return what `secret` opens; None when it is unknown, revoked or expired."""
        prefix = secret[:4]
        if prefix not in ROOMS or not is_well_formed(secret, prefix):
            return None
        digest = digest_of(secret)
        found = self._records.credential_of(ROOMS[prefix], digest)
        if found is None:
            return None
        value, etag = found
        credential = _credential(value)
        if not compare_digest(credential.digest, digest) or past(credential.expires, self._clock()):
            return None
        self._note_use(credential, etag)
        return credential

    def page(self, prefix: str, user: str, after: str = "", limit: int = 1000) -> list[Credential]:
        """Return an account's credentials of a kind, in the order of their ids."""
        found = self._records.credentials(ROOMS[prefix], user, after, limit)
        return [_credential(value) for value in found]

    def get(self, prefix: str, user: str, name: str) -> Credential:
        """Return a credential by its id; `NotFound`."""
        return _credential(self._records.credential(ROOMS[prefix], user, name)[0])

    def is_live(self, prefix: str, user: str, name: str) -> bool:
        """Whether there is such a credential, and it is not expired."""
        try:
            return not past(self.get(prefix, user, name).expires, self._clock())
        except NotFound:
            return False

    def end(self, credential: Credential, within: timedelta) -> None:
        """Let a credential expire soon, unless it does so sooner by itself; one that is gone has ended."""
        room, last = ROOMS[credential.prefix], stamp(self._clock() + within)
        for _ in range(ATTEMPTS):
            try:
                value, etag = self._records.credential(room, credential.user_id, credential.id)
            except NotFound:
                return
            if past(value["expires"], parsed(last)):
                return
            with suppress(Conflict):  # its use was noted meanwhile
                self._records.change_credential(room, {**value, "expires": last}, etag)
                self._changed(credential.user_id)
                return
        raise Conflict("The key changes at this moment; try again.")

    def revoke(self, prefix: str, user: str, name: str) -> Credential:
        """Make a credential open nothing from now on; `NotFound`."""
        credential = self.get(prefix, user, name)
        self._records.delete_credential(ROOMS[prefix], asdict(credential))
        self._changed(user)
        return credential

    def revoke_all(self, prefix: str, user: str) -> int:
        """Revoke all credentials of a kind; return how many there were."""
        gone = 0
        while found := self.page(prefix, user, limit=PAGE):
            for credential in found:
                self._records.delete_credential(ROOMS[prefix], asdict(credential))
            gone += len(found)
        if gone:
            self._changed(user)
        return gone

    def _note_use(self, credential: Credential, etag: str) -> None:
        hour = hour_of(self._clock())
        if credential.used != hour:
            value = asdict(replace(credential, used=hour))
            with suppress(Conflict, Unavailable):  # revoked or noted meanwhile, or a store that only reads
                self._records.change_credential(ROOMS[credential.prefix], value, etag)


def _credential(value: dict[str, Any]) -> Credential:
    return Credential(**{**value, "scopes": tuple(value["scopes"]), "origins": tuple(value["origins"])})
