"""Credential cleanup: deletion of expired credentials, and of index entries that lead nowhere."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from bokeh_auth.repository import AuthRepository
from bokeh_common.timestamps import Clock, format_timestamp, is_past, now

PAGE = 1000
#: What the reports of the garbage collector call the credentials of a keyspace.
KINDS = {"keys": "token", "sessions": "session", "shares": "share"}
#: How old an index entry must be to be deleted; creating a credential takes milliseconds.
INDEX_GRACE = timedelta(hours=1)


class CredentialCleanup:
    """Deletes expired credentials and one-time links, and index entries of credentials that do not exist."""

    def __init__(self, repository: AuthRepository, clock: Clock = now) -> None:
        self._repository = repository
        self._clock = clock

    def purge(self, dry_run: bool = False, shares: Collection[str] = ()) -> dict[str, int]:
        """Delete what has expired, unless this is a dry run; return how much there was, by kind.

        Args:
            dry_run: whether to delete nothing.
            shares: ids of share links to delete as well, since their plots do not exist.
        """
        counts = {
            kind: self._purge_credentials(keyspace, dry_run, shares if keyspace == "shares" else ())
            for keyspace, kind in KINDS.items()
        }
        return {**counts, "one-time link": self._purge_links(dry_run), "digest": self._purge_digests(dry_run)}

    def shares(self, after: str) -> tuple[list[dict[str, str]], str | None]:
        """Return a page of all share links, and where the next page starts; None on the last page."""
        page = self._repository.objects("shares", after, PAGE)
        shares = [{"user": v["user_id"], "plot": v["only"], "id": v["id"]} for _, v in page]
        return shares, page[-1][0] if len(page) == PAGE else None

    def _purge_credentials(self, keyspace: str, dry_run: bool, unwanted: Collection[str]) -> int:
        time = self._clock()
        old = [v for _, v in self._all(keyspace) if is_past(v["expires"], time) or v["id"] in unwanted]
        for value in old if not dry_run else ():
            self._repository.delete_credential(keyspace, value)
        return len(old)

    def _purge_links(self, dry_run: bool) -> int:
        old = [digest for digest, value in self._all("links") if is_past(value["expires"], self._clock())]
        for digest in old if not dry_run else ():
            self._repository.delete_link(digest)
        return len(old)

    def _purge_digests(self, dry_run: bool) -> int:
        before = format_timestamp(self._clock() - INDEX_GRACE)
        lost = [
            digest
            for digest, value in self._all("digests")
            if value.get("at", "") < before
            and not any(self._repository.credential_of(keyspace, digest) for keyspace in KINDS)
        ]
        for digest in lost if not dry_run else ():
            self._repository.delete_index(digest)
        return len(lost)

    def _all(self, keyspace: str) -> Iterator[tuple[str, dict[str, Any]]]:
        after = ""
        while page := self._repository.objects(keyspace, after, PAGE):
            yield from page
            after = page[-1][0]
