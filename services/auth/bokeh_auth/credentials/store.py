"""The credential store: API keys, sessions and share links.

Only the SHA-256 digest of a secret is stored. The record under the account is authoritative, and an index
leads from the digest to it. If a crash leaves only one of the two, the credential is not valid.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hmac import compare_digest
from typing import Any

from bokeh_auth.credentials.secret import PERSONAL, SESSION, SHARE, digest_of, is_well_formed, new_secret
from bokeh_auth.repository import AuthRepository
from bokeh_common.compare_and_swap import compare_and_swap
from bokeh_common.errors import Conflict, NotFound, Unavailable
from bokeh_common.timestamps import Clock, format_hour, format_timestamp, is_past, now, parse_timestamp

PAGE = 1000

#: The keyspaces of credentials, by the prefix of the secret.
KEYSPACES = {PERSONAL: "keys", SHARE: "shares", SESSION: "sessions"}


@dataclass(frozen=True)
class Credential:
    """A credential; times are RFC 3339.

    Attributes:
        id: identifies it in lists and paths; grants nothing.
        prefix: the prefix of its secret, which is its kind.
        user_id: the account.
        digest: the SHA-256 digest of its secret.
        name: a name for the owner.
        scopes: its scopes.
        created: when it was created.
        expires: when it expires; None for never.
        used: the hour of its last use.
        only: the id of the one plot that it grants access to; None for the whole account.
        origins: the origins (RFC 6454) that may embed that plot; empty for any.
        epoch: the epoch of the account, for sessions; see `accounts.Account`.
        history: whether it grants access to old versions of that plot, too.
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
    history: bool = False

    @property
    def record(self) -> dict[str, Any]:
        """The credential as it is stored; earlier releases can read it unless it has `history`."""
        value = asdict(self)
        return value if self.history else {name: value[name] for name in value if name != "history"}

    @property
    def summary(self) -> dict[str, Any]:
        """The credential as its owner sees it."""
        names = ("id", "name", "scopes", "created", "expires", "used")
        return {name: getattr(self, name) for name in names}


class CredentialStore:
    """Creates, verifies, expires and revokes credentials."""

    def __init__(
        self,
        repository: AuthRepository,
        clock: Clock = now,
        changed: Callable[[str], object] = lambda _user: None,
    ) -> None:
        """Create the store; `changed` is called with an account whose credentials grant less."""
        self._repository = repository
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
        history: bool = False,
    ) -> tuple[Credential, str]:
        """Create a credential, and return it with its secret, which cannot be read again."""
        secret = new_secret(prefix)
        digest = digest_of(secret)
        credential = Credential(
            id=digest[:16],
            prefix=prefix,
            user_id=user,
            digest=digest,
            name=name,
            scopes=tuple(scopes),
            created=format_timestamp(self._clock()),
            expires=format_timestamp(expires) if expires else None,
            only=only,
            origins=tuple(origins),
            epoch=epoch,
            history=history,
        )
        self._repository.add_credential(KEYSPACES[prefix], credential.record)
        return credential, secret

    def verify(self, secret: str) -> Credential | None:
        """Return the credential of a secret; None if it does not exist, was revoked, or has expired."""
        prefix = secret[:4]
        if prefix not in KEYSPACES or not is_well_formed(secret, prefix):
            return None
        digest = digest_of(secret)
        found = self._repository.credential_of(KEYSPACES[prefix], digest)
        if found is None:
            return None
        value, etag = found
        credential = _credential(value)
        if not compare_digest(credential.digest, digest) or is_past(credential.expires, self._clock()):
            return None
        self._record_use(credential, etag)
        return credential

    def page(self, prefix: str, user: str, after: str = "", limit: int = 1000) -> list[Credential]:
        """Return an account's credentials of a kind, in the order of their ids."""
        found = self._repository.credentials(KEYSPACES[prefix], user, after, limit)
        return [_credential(value) for value in found]

    def get(self, prefix: str, user: str, name: str) -> Credential:
        """Return a credential by its id; `NotFound`."""
        return _credential(self._repository.credential(KEYSPACES[prefix], user, name)[0])

    def is_valid(self, prefix: str, user: str, name: str) -> bool:
        """Whether a credential of this id exists and has not expired."""
        try:
            return not is_past(self.get(prefix, user, name).expires, self._clock())
        except NotFound:
            return False

    def expire(self, credential: Credential, within: timedelta) -> None:
        """Let a credential expire within some time, unless it expires sooner or does not exist any more."""
        keyspace, end = KEYSPACES[credential.prefix], format_timestamp(self._clock() + within)

        def write(found: tuple[dict[str, Any], str]) -> None:
            value, etag = found
            if not is_past(value["expires"], parse_timestamp(end)):
                self._repository.change_credential(keyspace, {**value, "expires": end}, etag)
                self._changed(credential.user_id)

        read = partial(self._repository.credential, keyspace, credential.user_id, credential.id)
        with suppress(NotFound):
            busy = Conflict("The key changes too often at the moment; try again.")
            compare_and_swap(read, write, busy)

    def revoke(self, prefix: str, user: str, name: str) -> Credential:
        """Revoke a credential; `NotFound`."""
        credential = self.get(prefix, user, name)
        self._repository.delete_credential(KEYSPACES[prefix], credential.record)
        self._changed(user)
        return credential

    def revoke_all(self, prefix: str, user: str) -> int:
        """Revoke all credentials of a kind; return how many there were."""
        revoked = 0
        while found := self.page(prefix, user, limit=PAGE):
            for credential in found:
                self._repository.delete_credential(KEYSPACES[prefix], credential.record)
            revoked += len(found)
        if revoked:
            self._changed(user)
        return revoked

    def _record_use(self, credential: Credential, etag: str) -> None:
        hour = format_hour(self._clock())
        if credential.used != hour:
            value = replace(credential, used=hour).record
            with suppress(
                Conflict, Unavailable
            ):  # revoked or used in the meantime, or the store is read-only
                self._repository.change_credential(KEYSPACES[credential.prefix], value, etag)


def _credential(value: dict[str, Any]) -> Credential:
    return Credential(**{**value, "scopes": tuple(value["scopes"]), "origins": tuple(value["origins"])})
