"""The storage of the auth service; the only module that knows its keys.

Records:

    secrets/view                        the keys that sign view tokens
    server/url                          the URL under which the cloud was last started
    accounts/{user}                     accounts; deleted ones are kept, so that no name is reused
    emails/{digest of the address}      the account of an address
    looks/{skeleton}                    the account of a confusable skeleton
    closing/{user}                      deletions of accounts that are in progress
    links/{digest}                      one-time links
    keys|sessions|shares/{user}/{id}    credentials
    digests/{digest}                    the index of credentials
    audit/{user}/{id}                   the audit log of an account
    outbox/{id}                         messages still to be sent
"""

import hashlib
import secrets
from contextlib import suppress
from typing import Any

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, RecordStore

KEY_BYTES = 32

Value = dict[str, Any]


class AuthRepository:
    """The records of the auth service."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def ping(self) -> None:
        """Raise `Unavailable` if the store does not answer."""
        self._records.list(limit=1)

    def signing_keys(self) -> tuple[Value, str]:
        """Return the keys that sign view tokens, and their etag; the first process creates one."""
        if (found := self._find("secrets/view")) is not None:
            return found
        with suppress(Conflict):  # another process was faster
            self._records.put("secrets/view", {"key": secrets.token_hex(KEY_BYTES)}, if_match=ABSENT)
        record = self._records.get("secrets/view")
        return dict(record.value), record.etag

    def change_signing_keys(self, value: Value, etag: str) -> None:
        """Replace the keys that sign view tokens; `Conflict` if their etag is not `etag`."""
        self._records.put("secrets/view", value, if_match=etag)

    # the cloud itself

    def public_url(self) -> str | None:
        """Return the URL under which the cloud was last started; None if it was not yet."""
        found = self._find("server/url")
        return None if found is None else str(found[0]["url"])

    def set_public_url(self, url: str) -> None:
        """Record the URL under which the cloud is started."""
        if self.public_url() != url:
            self._records.put("server/url", {"url": url})

    # accounts

    def account(self, user: str) -> tuple[Value, str] | None:
        """Return an account and its etag; None if there is none."""
        return self._find(f"accounts/{user}")

    def add_account(self, account: Value, skeleton: str, stale: str) -> None:
        """Add an account; `Conflict` if its address, its username, or a username that looks like it is taken.

        Address and skeleton are claimed first, then the account is added. A claim that leads to no account
        belongs to a request in progress; or, if it was made before `stale` (RFC 3339), to a process that
        crashed, and is taken over.
        """
        claims: dict[str, str] = {}
        try:
            for index in (_email_key(account["email"]), f"looks/{skeleton}"):
                claims[index] = self._claim(index, account, stale)
            self._records.put(f"accounts/{account['user_id']}", account, if_match=ABSENT)
        except Conflict:
            for index, etag in claims.items():
                with suppress(Conflict):
                    self._records.delete(index, if_match=etag)
            raise _username_taken() if claims else _email_taken() from None

    def _claim(self, index: str, account: Value, stale: str) -> str:
        found = self._find(index)
        if found is not None and (found[0]["at"] > stale or self._is_valid(found[0], index)):
            raise Conflict("This is claimed already.")
        claim = {"user_id": account["user_id"], "at": account["created"]}
        return self._records.put(index, claim, if_match=found[1] if found else ABSENT)

    def _is_valid(self, claim: Value, index: str) -> bool:
        """Whether a claim belongs to an account; a deleted one keeps its username, but not its address."""
        owner = self.account(claim["user_id"])
        return owner is not None and (index.startswith("looks/") or _email_key(owner[0]["email"]) == index)

    def change_account(self, account: Value, etag: str) -> None:
        """Replace an account; `Conflict` if its etag is not `etag`."""
        self._records.put(f"accounts/{account['user_id']}", account, if_match=etag)

    def accounts(self, after: str, limit: int) -> list[Value]:
        """Return accounts in the order of their names."""
        found = self._records.list("accounts/", "accounts/" + after, limit)
        return [dict(record.value) for record in found]

    def user_of_email(self, email: str) -> str | None:
        """Return the username that the index has for an address; the account is authoritative."""
        found = self._find(_email_key(email))
        return None if found is None else str(found[0]["user_id"])

    def release_email(self, email: str, user: str) -> None:
        """Release an address; do nothing if it belongs to another account by now."""
        found = self._find(_email_key(email))
        if found is not None and found[0]["user_id"] == user:
            with suppress(Conflict):
                self._records.delete(_email_key(email), if_match=found[1])

    # account deletions

    def begin_deletion(self, user: str, value: Value) -> None:
        """Record that the deletion of an account has started; do nothing if it is recorded already."""
        with suppress(Conflict):
            self._records.put(f"closing/{user}", value, if_match=ABSENT)

    def deletion(self, user: str) -> tuple[Value, str] | None:
        """Return the state of an account deletion and its etag; None if there is none in progress."""
        return self._find(f"closing/{user}")

    def deletions(self, after: str, limit: int) -> list[str]:
        """Return the usernames of accounts that are being deleted, in order."""
        found = self._records.list("closing/", "closing/" + after, limit)
        return [record.key.removeprefix("closing/") for record in found]

    def change_deletion(self, user: str, value: Value, etag: str) -> None:
        """Replace the state of an account deletion; `Conflict` if its etag is not `etag`."""
        self._records.put(f"closing/{user}", value, if_match=etag)

    def end_deletion(self, user: str) -> None:
        """Delete the state of an account deletion that is complete."""
        self._records.delete(f"closing/{user}")

    # one-time links

    def add_link(self, digest: str, link: Value) -> None:
        """Store a one-time link."""
        self._records.put(f"links/{digest}", link, if_match=ABSENT)

    def link(self, digest: str) -> Value | None:
        """Return a one-time link that has not been used; None if there is none."""
        found = self._find(f"links/{digest}")
        return None if found is None or found[0].get("used") else found[0]

    def use_link(self, digest: str) -> Value | None:
        """Mark a one-time link as used, and return it; of several concurrent callers, one gets it."""
        found = self._find(f"links/{digest}")
        if found is None or found[0].get("used"):
            return None
        try:
            self._records.put(f"links/{digest}", {**found[0], "used": True}, if_match=found[1])
        except Conflict:
            return None
        return found[0]

    def links(self, after: str, limit: int) -> list[tuple[str, Value]]:
        """Return digests and one-time links, used ones included."""
        found = self._records.list("links/", "links/" + after, limit)
        return [(record.key.removeprefix("links/"), dict(record.value)) for record in found]

    def delete_link(self, digest: str) -> None:
        """Delete a one-time link."""
        self._records.delete(f"links/{digest}")

    # credentials

    def add_credential(self, keyspace: str, value: Value) -> None:
        """Add a credential: first its index entry, then its record."""
        index = {"user_id": value["user_id"], "id": value["id"], "at": value["created"]}
        self._records.put(f"digests/{value['digest']}", index, if_match=ABSENT)
        self._records.put(_credential_key(keyspace, value), value, if_match=ABSENT)

    def credential_of(self, keyspace: str, digest: str) -> tuple[Value, str] | None:
        """Return the credential of a digest, and its etag; None if there is none."""
        index = self._find(f"digests/{digest}")
        return None if index is None else self._find(_credential_key(keyspace, index[0]))

    def credential(self, keyspace: str, user: str, name: str) -> tuple[Value, str]:
        """Return a credential by its id, and its etag; `NotFound`."""
        record = self._records.get(f"{keyspace}/{user}/{name}")
        return dict(record.value), record.etag

    def credentials(self, keyspace: str, user: str, after: str, limit: int) -> list[Value]:
        """Return an account's credentials, in the order of their ids."""
        prefix = f"{keyspace}/{user}/"
        return [dict(record.value) for record in self._records.list(prefix, prefix + after, limit)]

    def objects(self, keyspace: str, after: str, limit: int) -> list[tuple[str, Value]]:
        """Return objects of a keyspace, of all accounts, by the rest of their keys."""
        found = self._records.list(f"{keyspace}/", f"{keyspace}/{after}", limit)
        return [(record.key.removeprefix(f"{keyspace}/"), dict(record.value)) for record in found]

    def delete_index(self, digest: str) -> None:
        """Delete the index entry of a credential that does not exist."""
        self._records.delete(f"digests/{digest}")

    def change_credential(self, keyspace: str, value: Value, etag: str) -> None:
        """Replace a credential; `Conflict` if its etag is not `etag`."""
        self._records.put(_credential_key(keyspace, value), value, if_match=etag)

    def delete_credential(self, keyspace: str, value: Value) -> None:
        """Delete a credential: first its record, then its index entry."""
        self._records.delete(_credential_key(keyspace, value))
        self._records.delete(f"digests/{value['digest']}")

    # the audit log

    def add_entry(self, user: str, name: str, entry: Value) -> None:
        """Store an entry of the audit log; entries are ordered by name."""
        self._records.put(f"audit/{user}/{name}", entry, if_match=ABSENT)

    def entries(self, user: str, after: str, limit: int) -> list[tuple[str, Value]]:
        """Return names and entries of an account, in the order of the names."""
        prefix = f"audit/{user}/"
        found = self._records.list(prefix, prefix + after, limit)
        return [(record.key.removeprefix(prefix), dict(record.value)) for record in found]

    def delete_entry(self, user: str, name: str) -> None:
        """Delete an entry."""
        self._records.delete(f"audit/{user}/{name}")

    # outbox

    def add_message(self, name: str, message: Value) -> None:
        """Add a message to the outbox."""
        self._records.put(f"outbox/{name}", message, if_match=ABSENT)

    def messages(self, after: str, limit: int) -> list[tuple[str, Value, str]]:
        """Return names, messages and etags of the outbox."""
        found = self._records.list("outbox/", "outbox/" + after, limit)
        return [(record.key.removeprefix("outbox/"), dict(record.value), record.etag) for record in found]

    def change_message(self, name: str, message: Value, etag: str) -> str:
        """Replace a message and return its new etag; `Conflict` if its etag is not `etag`."""
        return self._records.put(f"outbox/{name}", message, if_match=etag)

    def delete_message(self, name: str) -> None:
        """Delete a message from the outbox."""
        self._records.delete(f"outbox/{name}")

    def _find(self, key: str) -> tuple[Value, str] | None:
        try:
            record = self._records.get(key)
        except NotFound:
            return None
        return dict(record.value), record.etag


def _email_key(email: str) -> str:
    return f"emails/{hashlib.sha256(email.encode()).hexdigest()}"


def _credential_key(keyspace: str, value: Value) -> str:
    return f"{keyspace}/{value['user_id']}/{value['id']}"


def _username_taken() -> Conflict:
    detail = "This username is taken, or looks like one that is; choose another one."
    return Conflict(detail, slug="username-taken")


def _email_taken() -> Conflict:
    return Conflict("There is an account with this email address already.", slug="email-taken")
