"""What is too old, or leads nowhere: deleted when the garbage collector asks for it."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from bokeh_auth.records import Records
from bokeh_auth.times import Clock, now, past, stamp

PAGE = 1000
ROOMS = {"keys": "token", "sessions": "session", "shares": "share"}
SETTLED = timedelta(hours=1)  # making a credential takes milliseconds


class Expiry:
    """Deletes credentials and one-time links that have expired, and ways to credentials that are gone."""

    def __init__(self, records: Records, clock: Clock = now) -> None:
        self._records = records
        self._clock = clock

    def clear(self, dry_run: bool = False, shares: Collection[str] = ()) -> dict[str, int]:
        """Delete what has expired, unless it is a dry run; return how much of it there was, by kind.

        Args:
            dry_run: whether to delete nothing.
            shares: ids of share links that are to go as well, as their plots are gone.
        """
        counts = {
            kind: self._credentials(room, dry_run, shares if room == "shares" else ())
            for room, kind in ROOMS.items()
        }
        return {**counts, "one-time link": self._links(dry_run), "digest": self._digests(dry_run)}

    def shares(self, after: str) -> tuple[list[dict[str, str]], str | None]:
        """Return a page of all share links, and where the next page begins, if there is one."""
        page = self._records.everybodys("shares", after, PAGE)
        shares = [{"user": v["user_id"], "plot": v["only"], "id": v["id"]} for _, v in page]
        return shares, page[-1][0] if len(page) == PAGE else None

    def _credentials(self, room: str, dry_run: bool, gone: Collection[str]) -> int:
        time = self._clock()
        old = [v for _, v in self._all(room) if past(v["expires"], time) or v["id"] in gone]
        for value in old if not dry_run else ():
            self._records.delete_credential(room, value)
        return len(old)

    def _links(self, dry_run: bool) -> int:
        old = [digest for digest, value in self._all("links") if past(value["expires"], self._clock())]
        for digest in old if not dry_run else ():
            self._records.delete_link(digest)
        return len(old)

    def _digests(self, dry_run: bool) -> int:
        before = stamp(self._clock() - SETTLED)
        lost = [
            digest
            for digest, value in self._all("digests")
            if value.get("at", "") < before
            and not any(self._records.credential_of(room, digest) for room in ROOMS)
        ]
        for digest in lost if not dry_run else ():
            self._records.delete_index(digest)
        return len(lost)

    def _all(self, room: str) -> Iterator[tuple[str, dict[str, Any]]]:
        after = ""
        while page := self._records.everybodys(room, after, PAGE):
            yield from page
            after = page[-1][0]
