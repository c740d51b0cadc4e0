"""Where the auth service keeps things; the only file that knows the keys.

Records, by key:

    secrets/view                        the key that signs view tokens
    accounts/{user}                     accounts; those of deleted ones stay, so that nobody gets their names
    emails/{digest of the address}      whose it is
    looks/{look}                        who has a name that looks so
    closing/{user}                      accounts that are being deleted
    links/{digest}                      one-time links
    keys|sessions|shares/{user}/{id}    credentials; they decide
    digests/{digest}                    which of these a secret belongs to
    audit/{user}/{id}                   the audit log of an account
    outbox/{id}                         mail that is yet to be sent
"""

import hashlib
import secrets
from contextlib import suppress
from typing import Any

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, RecordStore

KEY_BYTES = 32

Value = dict[str, Any]


class Records:
    """The auth service's records."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def ping(self) -> None:
        """Raise `Unavailable` when the store does not answer."""
        self._records.list(limit=1)

    def view_key(self) -> bytes:
        """Return the key that signs view tokens; the first of all processes to ask makes it."""
        with suppress(NotFound):
            return bytes.fromhex(self._view_key())
        with suppress(Conflict):  # another process may be faster
            self._records.put("secrets/view", {"key": secrets.token_hex(KEY_BYTES)}, if_match=ABSENT)
        return bytes.fromhex(self._view_key())

    def _view_key(self) -> str:
        return str(dict(self._records.get("secrets/view").value)["key"])

    # accounts

    def account(self, user: str) -> tuple[Value, str] | None:
        """Return an account and its etag."""
        return self._find(f"accounts/{user}")

    def add_account(self, account: Value, look: str, stale: str) -> None:
        """Add an account; `Conflict` when its address is taken, or its name, or one that looks like it.

        First its address and its look are claimed, then the account is made. A claim that leads to no account
        is somebody's who is in between, or, when it was made before `stale` (RFC 3339), one that a crash has
        left: that is taken over.
        """
        claims: dict[str, str] = {}
        try:
            for index in (_email_key(account["email"]), f"looks/{look}"):
                claims[index] = self._claim(index, account, stale)
            self._records.put(f"accounts/{account['user_id']}", account, if_match=ABSENT)
        except Conflict:
            for index, etag in claims.items():
                with suppress(Conflict):
                    self._records.delete(index, if_match=etag)
            raise _name_taken() if claims else _email_taken() from None

    def _claim(self, index: str, account: Value, stale: str) -> str:
        found = self._find(index)
        if found is not None and (found[0]["at"] > stale or self._holds(found[0], index)):
            raise Conflict("This is claimed already.")
        claim = {"user_id": account["user_id"], "at": account["created"]}
        return self._records.put(index, claim, if_match=found[1] if found else ABSENT)

    def _holds(self, claim: Value, index: str) -> bool:
        """Whether a claim is that of an account: of a deleted one its name stays claimed, its address not."""
        owner = self.account(claim["user_id"])
        return owner is not None and (index.startswith("looks/") or _email_key(owner[0]["email"]) == index)

    def change_account(self, account: Value, etag: str) -> None:
        """Replace an account; `Conflict` when it changed since `etag`."""
        self._records.put(f"accounts/{account['user_id']}", account, if_match=etag)

    def accounts(self, after: str, limit: int) -> list[Value]:
        """Return accounts in the order of their names."""
        found = self._records.list("accounts/", "accounts/" + after, limit)
        return [dict(record.value) for record in found]

    def user_of_email(self, email: str) -> str | None:
        """Return whose address this is, if anybody's; the account decides."""
        found = self._find(_email_key(email))
        return None if found is None else str(found[0]["user_id"])

    def free_email(self, email: str, user: str) -> None:
        """Let others have an address; nothing changes when it is another account's by now."""
        found = self._find(_email_key(email))
        if found is not None and found[0]["user_id"] == user:
            with suppress(Conflict):
                self._records.delete(_email_key(email), if_match=found[1])

    # accounts that are being deleted

    def begin_closing(self, user: str, value: Value) -> None:
        """Note that an account is being deleted; nothing changes when it is already."""
        with suppress(Conflict):
            self._records.put(f"closing/{user}", value, if_match=ABSENT)

    def closing(self, user: str) -> tuple[Value, str] | None:
        """Return what is noted of the deletion of an account, and the etag of that."""
        return self._find(f"closing/{user}")

    def all_closing(self, after: str, limit: int) -> list[str]:
        """Return the names of accounts that are being deleted, in order."""
        found = self._records.list("closing/", "closing/" + after, limit)
        return [record.key.removeprefix("closing/") for record in found]

    def change_closing(self, user: str, value: Value, etag: str) -> None:
        """Replace what is noted; `Conflict` when it changed since `etag`."""
        self._records.put(f"closing/{user}", value, if_match=etag)

    def end_closing(self, user: str) -> None:
        """Forget that an account is being deleted: it is."""
        self._records.delete(f"closing/{user}")

    # one-time links

    def add_link(self, digest: str, link: Value) -> None:
        """Keep a one-time link."""
        self._records.put(f"links/{digest}", link, if_match=ABSENT)

    def link(self, digest: str) -> Value | None:
        """Return a one-time link, without using it."""
        found = self._find(f"links/{digest}")
        return None if found is None or found[0].get("used") else found[0]

    def take_link(self, digest: str) -> Value | None:
        """Use up a one-time link: of several callers at the same time, one gets it."""
        found = self._find(f"links/{digest}")
        if found is None or found[0].get("used"):
            return None
        try:
            self._records.put(f"links/{digest}", {**found[0], "used": True}, if_match=found[1])
        except Conflict:
            return None
        return found[0]

    def links(self, after: str, limit: int) -> list[tuple[str, Value]]:
        """Return digests and links, for who clears away old ones."""
        found = self._records.list("links/", "links/" + after, limit)
        return [(record.key.removeprefix("links/"), dict(record.value)) for record in found]

    def delete_link(self, digest: str) -> None:
        """Forget a one-time link."""
        self._records.delete(f"links/{digest}")

    # credentials

    def add_credential(self, room: str, value: Value) -> None:
        """Add a credential: first the way to it, then what decides."""
        index = {"user_id": value["user_id"], "id": value["id"], "at": value["created"]}
        self._records.put(f"digests/{value['digest']}", index, if_match=ABSENT)
        self._records.put(_credential_key(room, value), value, if_match=ABSENT)

    def credential_of(self, room: str, digest: str) -> tuple[Value, str] | None:
        """Return the credential of a digest, and its etag."""
        index = self._find(f"digests/{digest}")
        return None if index is None else self._find(_credential_key(room, index[0]))

    def credential(self, room: str, user: str, name: str) -> tuple[Value, str]:
        """Return a credential by its id, and its etag; `NotFound`."""
        record = self._records.get(f"{room}/{user}/{name}")
        return dict(record.value), record.etag

    def credentials(self, room: str, user: str, after: str, limit: int) -> list[Value]:
        """Return an account's credentials."""
        prefix = f"{room}/{user}/"
        return [dict(record.value) for record in self._records.list(prefix, prefix + after, limit)]

    def everybodys(self, room: str, after: str, limit: int) -> list[tuple[str, Value]]:
        """Return credentials of all accounts, or with `room` "digests" the ways to them, by name."""
        found = self._records.list(f"{room}/", f"{room}/{after}", limit)
        return [(record.key.removeprefix(f"{room}/"), dict(record.value)) for record in found]

    def delete_index(self, digest: str) -> None:
        """Delete the way to a credential that is gone."""
        self._records.delete(f"digests/{digest}")

    def change_credential(self, room: str, value: Value, etag: str) -> None:
        """Replace a credential; `Conflict` when it changed since `etag`."""
        self._records.put(_credential_key(room, value), value, if_match=etag)

    def delete_credential(self, room: str, value: Value) -> None:
        """Delete what decides, then the way to it."""
        self._records.delete(_credential_key(room, value))
        self._records.delete(f"digests/{value['digest']}")

    # the audit log

    def add_entry(self, user: str, name: str, entry: Value) -> None:
        """Keep an entry of the audit log; names order them."""
        self._records.put(f"audit/{user}/{name}", entry, if_match=ABSENT)

    def entries(self, user: str, after: str, limit: int) -> list[tuple[str, Value]]:
        """Return names and entries of an account, in the order of the names."""
        prefix = f"audit/{user}/"
        found = self._records.list(prefix, prefix + after, limit)
        return [(record.key.removeprefix(prefix), dict(record.value)) for record in found]

    def delete_entry(self, user: str, name: str) -> None:
        """Forget an entry."""
        self._records.delete(f"audit/{user}/{name}")

    # mail

    def add_mail(self, name: str, mail: Value) -> None:
        """Put a mail into the outbox."""
        self._records.put(f"outbox/{name}", mail, if_match=ABSENT)

    def mails(self, after: str, limit: int) -> list[tuple[str, Value, str]]:
        """Return name, mail and etag of what is to be sent."""
        found = self._records.list("outbox/", "outbox/" + after, limit)
        return [(record.key.removeprefix("outbox/"), dict(record.value), record.etag) for record in found]

    def change_mail(self, name: str, mail: Value, etag: str) -> str:
        """Replace a mail and return its new etag; `Conflict` when it changed since `etag`."""
        return self._records.put(f"outbox/{name}", mail, if_match=etag)

    def delete_mail(self, name: str) -> None:
        """Take a mail out of the outbox."""
        self._records.delete(f"outbox/{name}")

    def _find(self, key: str) -> tuple[Value, str] | None:
        try:
            record = self._records.get(key)
        except NotFound:
            return None
        return dict(record.value), record.etag


def _email_key(email: str) -> str:
    return f"emails/{hashlib.sha256(email.encode()).hexdigest()}"


def _credential_key(room: str, value: Value) -> str:
    return f"{room}/{value['user_id']}/{value['id']}"


def _name_taken() -> Conflict:
    detail = "This username is taken, or looks like one that is; choose another one."
    return Conflict(detail, slug="username-taken")


def _email_taken() -> Conflict:
    return Conflict("There is an account with this email address already.", slug="email-taken")
