"""The audit log: who did what, from where, and how it ended. Never a secret.

Each entry is a structured line of the log. What was done in the name of an account is kept for its owner too,
the newest thousand entries.
"""

import json
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any

from bokeh_auth.records import Records
from bokeh_auth.times import Clock, now, stamp
from bokeh_common.errors import Unavailable

log = logging.getLogger("bokeh_cloud.audit")

LONGEST = 80  # characters of a fact
PREFIX = re.compile(r"bk[a-z]_")

KEPT = 1000
PAGE = 1000
ROUNDS = 200  # the surplus is cut off once in about so many entries

DONE = "done"
ASKED = "asked"
REFUSED = "refused"

#: A microsecond of the year 2255; counted down from here, newer entries come first.
LAST = 9_000_000_000_000_000

Entry = dict[str, Any]


class Audit:
    """Writes and reads the audit log."""

    def __init__(
        self, records: Records, clock: Clock = now, chance: Callable[[int], int] = secrets.randbelow
    ) -> None:
        self._records = records
        self._clock = clock
        self._chance = chance

    def say(self, action: str, user: str, origin: str, outcome: str, **facts: Any) -> Entry:
        """Write a line.

        Args:
            action: what was done, such as `keys.revoke`.
            user: the account; empty when it is not known.
            origin: the network address of who asked.
            outcome: `done`, `asked` or `refused`.
            facts: ids of the things concerned; `by`, the key or session that was used.
        """
        entry = {"time": stamp(self._clock()), "action": action, "user": user, "origin": origin}
        entry |= {"outcome": outcome, **{name: _harmless(fact) for name, fact in facts.items()}}
        log.info("%s", json.dumps(entry, ensure_ascii=True))
        return entry

    def note(self, action: str, user: str, origin: str, outcome: str, **facts: Any) -> None:
        """Write a line, and keep it for the account's owner; as `say`.

        Only for what somebody did who had proven to be the owner: strangers must not be able to fill the log.
        """
        entry = self.say(action, user, origin, outcome, **facts)
        try:
            self._records.add_entry(user, self._name(), entry)
            if self._chance(ROUNDS) == 0:
                self.cut(user)
        except Unavailable:  # what was done is done
            log.warning("An entry of the audit log could not be kept for its account.")

    def page(self, user: str, after: str, limit: int) -> list[Entry]:
        """Return entries of an account, newest first; each with its `id`, which continues the page."""
        return [{"id": name, **entry} for name, entry in self._records.entries(user, after, limit)]

    def cut(self, user: str, keep: int = KEPT) -> int:
        """Forget the older entries of an account; return how many."""
        kept = self._records.entries(user, "", keep) if keep else []
        after, gone = kept[-1][0] if kept else "", 0
        while page := self._records.entries(user, after, PAGE):
            for name, _ in page:
                self._records.delete_entry(user, name)
            gone += len(page)
        return gone

    def _name(self) -> str:
        micros = int(self._clock().timestamp() * 1_000_000)
        return f"{LAST - micros:016d}{secrets.token_hex(4)}"


def _harmless(fact: Any) -> Any:
    """Return a fact, unless it is a text that cannot be an id: people send keys where their ids belong."""
    if isinstance(fact, str) and (len(fact) > LONGEST or PREFIX.search(fact)):
        return "(not an id)"
    return fact


def print_audit() -> None:
    """Print the audit log: on standard error, a line of JSON for each entry and nothing around it."""
    if not log.handlers:
        log.addHandler(logging.StreamHandler())
        log.setLevel(logging.INFO)
        log.propagate = False
