"""The usage ledger: one record for each account with a quota, by which all processes count what is stored.

Bytes are added by compare-and-swap before they are stored, so concurrent requests in any number of processes
do not exceed a quota together. What is being stored is *open* until it is stored or has failed. Deletions are
not reported: the usage is counted again from time to time, and before a request is rejected. A count may miss
what is stored meanwhile, so what was open before it, or was added during it, is added to the result: too
little is never counted, and the next count corrects what was counted twice.

The parts of the usage, `data` and `plots`, are counted by their services.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

from bokeh_common.compare_and_swap import compare_and_swap
from bokeh_common.errors import Conflict, Forbidden, NotFound
from bokeh_common.storage import ABSENT, Absent, RecordStore

#: After so many seconds an open reservation belongs to a process that was killed.
MAX_OPEN_SECONDS = 3600.0
PLENTY = 16  # so many times as many bytes as are reserved in advance have to be left
ATTEMPTS = 200  # many threads of many processes may add to the same account

T = TypeVar("T")


@dataclass(frozen=True)
class UsagePart:
    """The usage of an account in one service.

    Attributes:
        bytes: what is stored or being stored.
        added: the bytes of all reservations so far.
        open: bytes and start (POSIX seconds) of reservations that have not ended, by id.
        counted: when it was counted, POSIX seconds; None for never.
    """

    bytes: int = 0
    added: int = 0
    open: dict[str, tuple[int, float]] = field(default_factory=dict)
    counted: float | None = None


Parts = dict[str, UsagePart]


class UsageLedger:
    """The usage of all accounts that have a quota."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def read(self, user: str) -> Parts:
        """Return the parts of an account's usage."""
        return self._read(user)[0]

    def used(self, user: str) -> int:
        """Return the bytes that an account stores, or is storing, in all services."""
        return sum(part.bytes for part in self.read(user).values())

    def reserve(
        self, user: str, part: str, size: int, limit: int, wish: int = 0, own: int = 0
    ) -> tuple[str, int]:
        """Add bytes that are going to be stored.

        Args:
            user: the account.
            part: the service that stores them.
            size: how many.
            limit: how many the account may have.
            wish: how many to reserve if there is plenty of space.
            own: how many the same request has reserved, which an error does not report as used.

        Returns:
            the id of the reservation, and its bytes.

        Raises:
            Forbidden: the account would exceed its quota.
        """
        name = secrets.token_hex(8)

        def change(parts: Parts) -> tuple[Parts, int]:
            used = sum(known.bytes for known in parts.values())
            if used + size > limit:
                raise quota_exceeded(used - own, limit)
            taken = max(size, min(wish, (limit - used) // PLENTY))
            known = parts.get(part, UsagePart())
            opened = {**known.open, name: (taken, time.time())}
            changed = replace(known, bytes=known.bytes + taken, added=known.added + taken, open=opened)
            return {**parts, part: changed}, taken

        return name, self._change(user, change)

    def settle(self, user: str, part: str, name: str, stored: int) -> None:
        """End a reservation, of which so many bytes were stored; do nothing if it has ended."""

        def change(parts: Parts) -> tuple[Parts, None]:
            known = parts.get(part, UsagePart())
            rest = dict(known.open)
            size = rest.pop(name, (stored, 0.0))[0]
            return {**parts, part: replace(known, bytes=known.bytes - size + stored, open=rest)}, None

        self._change(user, change)

    def recount(self, user: str, part: str, size: int, before: UsagePart) -> bool:
        """Correct a part by a count; return whether the count is exact, as nothing was stored meanwhile.

        Args:
            user: the account.
            part: the service that counted.
            size: the bytes that are stored.
            before: the part as it was read before counting began.
        """
        expired = time.time() - MAX_OPEN_SECONDS
        missed = sum(opened[0] for opened in before.open.values() if opened[1] > expired)

        def change(parts: Parts) -> tuple[Parts, bool]:
            known = parts.get(part, UsagePart())
            uncertain = missed + known.added - before.added
            rest = {name: opened for name, opened in known.open.items() if opened[1] > expired}
            changed = replace(known, bytes=size + uncertain, open=rest, counted=time.time())
            return {**parts, part: changed}, not uncertain

        return self._change(user, change)

    def forget(self, user: str) -> None:
        """Forget an account, which has no quota or is deleted; its usage is counted when it is needed."""
        self._records.delete(_key(user))

    def _read(self, user: str) -> tuple[Parts, str | Absent]:
        with suppress(NotFound):
            record = self._records.get(_key(user))
            return {name: _part(value) for name, value in record.value.items()}, record.etag
        return {}, ABSENT

    def _change(self, user: str, change: Callable[[Parts], tuple[Parts, T]]) -> T:
        def write(found: tuple[Parts, str | Absent]) -> T:
            parts, result = change(found[0])
            value = {name: asdict(part) for name, part in parts.items()}
            self._records.put(_key(user), value, if_match=found[1])
            return result

        busy = Conflict("The account stores too much at once at the moment; try again.")
        return compare_and_swap(lambda: self._read(user), write, busy, ATTEMPTS)


def quota_exceeded(used: int, limit: int) -> Forbidden:
    """Return the error of a request that would exceed a quota."""
    detail = (
        f"The account has {used} bytes and may have {limit}. This request would exceed the quota. Delete"
        " plots or data, or ask the operator. What was deleted, and uploads that nothing uses, count until"
        " garbage is collected: about a day later unless the operator set another time."
    )
    return Forbidden(detail, slug="quota-exceeded", used=used, limit=limit)


def _key(user: str) -> str:
    return f"usage/{user}"


def _part(value: dict[str, T]) -> UsagePart:
    part = UsagePart(**value)  # type: ignore[arg-type]  # as `asdict` wrote it
    return replace(part, open={name: (int(size), float(at)) for name, (size, at) in part.open.items()})
