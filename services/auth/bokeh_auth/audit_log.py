"""The audit log: who did what, from where, and with which outcome; never a secret.

Each entry is a structured log line. What was done on behalf of an account is also stored for its owner, who
sees the newest thousand entries.
"""

import json
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any, Literal

from bokeh_auth.repository import AuthRepository
from bokeh_common.errors import Unavailable
from bokeh_common.timestamps import Clock, format_timestamp, now

logger = logging.getLogger("bokeh_cloud.audit")

Outcome = Literal["done", "asked", "refused"]

MAX_FACT_LENGTH = 80  # characters
SECRET_PREFIX = re.compile(r"bk[a-z]_")

MAX_ENTRIES = 1000  # of an account
PAGE = 1000
TRIM_EVERY = 200  # surplus entries are deleted once in about so many new ones

#: Microseconds from 1970 to the year 2255. Ids count down from here, so that newer entries come first.
LATEST_MICROSECOND = 9_000_000_000_000_000

Entry = dict[str, Any]


class AuditLog:
    """Writes and reads the audit log."""

    def __init__(
        self,
        repository: AuthRepository,
        clock: Clock = now,
        chance: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._chance = chance

    def log(self, action: str, user: str, client_address: str, outcome: Outcome, **facts: Any) -> Entry:
        """Write a log line, and return the entry.

        Args:
            action: what was done, such as `keys.revoke`.
            user: the account; empty if it is not known.
            client_address: the network address of the client.
            outcome: `done`, `asked` (a message was requested) or `refused`.
            facts: ids of what is concerned; `by`, the key or session that was used.
        """
        entry = {"time": format_timestamp(self._clock()), "action": action, "user": user}
        entry |= {"origin": client_address, "outcome": outcome}
        entry |= {name: _redacted(fact) for name, fact in facts.items()}
        logger.info("%s", json.dumps(entry, ensure_ascii=True))
        return entry

    def record(self, action: str, user: str, client_address: str, outcome: Outcome, **facts: Any) -> None:
        """Write a log line, and store the entry for the owner of the account; arguments as of `log`.

        Only for actions of a client that has authenticated as the owner: others must not be able to fill the
            log.
        """
        entry = self.log(action, user, client_address, outcome, **facts)
        try:
            self._repository.add_entry(user, self._new_id(), entry)
            if self._chance(TRIM_EVERY) == 0:
                self.trim(user)
        except Unavailable:  # the action itself has succeeded
            logger.warning("An entry of the audit log could not be stored for its account.")

    def page(self, user: str, after: str, limit: int) -> list[Entry]:
        """Return entries of an account, newest first; the `id` of the last one continues the list."""
        return [{"id": name, **entry} for name, entry in self._repository.entries(user, after, limit)]

    def trim(self, user: str, keep: int = MAX_ENTRIES) -> int:
        """Delete all but the newest entries of an account; return how many were deleted."""
        kept = self._repository.entries(user, "", keep) if keep else []
        after, deleted = kept[-1][0] if kept else "", 0
        while page := self._repository.entries(user, after, PAGE):
            for name, _ in page:
                self._repository.delete_entry(user, name)
            deleted += len(page)
        return deleted

    def _new_id(self) -> str:
        microseconds = int(self._clock().timestamp() * 1_000_000)
        return f"{LATEST_MICROSECOND - microseconds:016d}{secrets.token_hex(4)}"


def _redacted(fact: Any) -> Any:
    """Return a fact, but not a string that cannot be an id: clients send keys in the place of their ids."""
    if isinstance(fact, str) and (len(fact) > MAX_FACT_LENGTH or SECRET_PREFIX.search(fact)):
        return "(not an id)"
    return fact


def print_audit_log() -> None:
    """Print the audit log on standard error: one line of JSON for each entry, without a prefix."""
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
        logger.setLevel(logging.INFO)
        logger.propagate = False
