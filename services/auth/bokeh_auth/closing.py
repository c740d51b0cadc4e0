"""Deleting an account with all that it has, in all services.

It is written down first that it shall be done. From then on nothing opens the account, and who finds the note
goes on where another one stopped: so a crash in between leaves no half of an account, and the sum of what was
freed is kept over it. What was under way when the account was closed, such as an upload, is swept up some
minutes later.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from bokeh_auth.accounts import Accounts
from bokeh_auth.audit import DONE, Audit
from bokeh_auth.credentials import PERSONAL, SESSION, SHARE
from bokeh_auth.peers import Keepers
from bokeh_auth.records import Records
from bokeh_auth.times import Clock, now, past, stamp
from bokeh_auth.vault import Vault
from bokeh_common.errors import CloudError, Conflict

log = logging.getLogger(__name__)

ATTEMPTS = 20
PAGE = 100
LEASE = timedelta(minutes=2)  # a deletion of which nothing was heard for so long was interrupted
SETTLED = timedelta(minutes=10)  # no request that began before is still under way then

KINDS = {"keys": PERSONAL, "shares": SHARE, "sessions": SESSION}


class Closing:
    """Deletes accounts."""

    def __init__(
        self,
        records: Records,
        accounts: Accounts,
        vault: Vault,
        audit: Audit,
        keepers: Keepers,
        clock: Clock = now,
    ) -> None:
        self._records = records
        self._accounts = accounts
        self._vault = vault
        self._audit = audit
        self._keepers = keepers
        self._clock = clock

    def close(self, user: str, origin: str, by: str) -> dict[str, int]:
        """Delete an account; return how much of what was freed, `bytes` among it.

        Args:
            user: the account.
            origin: the network address of who asked.
            by: their key or session.

        Raises:
            NotFound: there is no such account.
            Unavailable: a service does not answer; the rest is done when it does.
        """
        self._accounts.get(user)
        time = stamp(self._clock())
        note = {"began": time, "touched": time, "origin": origin, "by": by, "freed": {}, "emptied": False}
        self._records.begin_closing(user, note)
        return self._go_on(user)

    def resume(self) -> int:
        """Go on with deletions that were interrupted, sweep up after those that settled; return how many."""
        count, after = 0, ""
        while page := self._records.all_closing(after, PAGE):
            for user in page:
                try:
                    count += self._look_after(user)
                except CloudError as error:  # the others must not wait for it
                    log.warning("An account is not deleted yet: %s", error)
            after = page[-1]
        return count

    def _look_after(self, user: str) -> bool:
        found = self._records.closing(user)
        if found is None:
            return False
        note, settled = found[0], self._clock() - SETTLED
        due = settled if note["emptied"] else self._clock() - LEASE
        if not past(note["began" if note["emptied"] else "touched"], due):
            return False
        self._go_on(user)
        if past(note["began"], settled):
            self._records.end_closing(user)
        return True

    def _go_on(self, user: str) -> dict[str, int]:
        self._accounts.close(user)
        for gone in self._steps(user):
            self._add(user, gone)
        self._accounts.retire(user)
        self._audit.cut(user, keep=0)
        return self._finish(user)

    def _steps(self, user: str) -> Iterator[dict[str, int]]:
        for name, kind in KINDS.items():
            yield {name: self._vault.revoke_all(kind, user)}
        yield from self._keepers.erase(user)

    def _add(self, user: str, gone: dict[str, int], *, emptied: bool = False) -> tuple[dict[str, int], bool]:
        """Write down what was done; return the sum, and whether the account was empty before."""
        for _ in range(ATTEMPTS):
            found = self._records.closing(user)
            if found is None:  # another one has finished it
                return gone, True
            note, etag = found
            freed: Counter[str] = Counter(note["freed"])
            freed.update(gone)
            changed = {
                "freed": dict(freed),
                "touched": stamp(self._clock()),
                "emptied": emptied or note["emptied"],
            }
            with suppress(Conflict):
                self._records.change_closing(user, {**note, **changed}, etag)
                return dict(freed), bool(note["emptied"])
        raise Conflict("Others delete this account at this moment; try again.")

    def _finish(self, user: str) -> dict[str, int]:
        found = self._records.closing(user)
        freed, was_empty = self._add(user, {}, emptied=True)
        if found is not None and not was_empty:
            self._audit.say("account.delete", user, found[0]["origin"], DONE, by=found[0]["by"], **freed)
        return freed
