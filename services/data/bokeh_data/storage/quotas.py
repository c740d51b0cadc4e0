"""Quotas: how many bytes an account may have, of everything that it stores.

Chunks count uncompressed, each once for an account, whether it was sent, made from rows or granted, together
with the records and manifests of this service, and with what the plots service stores. The `UsageLedger`
counts for all processes; accounts without a quota are not counted.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from cachetools import LRUCache

from bokeh_common.errors import Forbidden
from bokeh_data.storage.usage_ledger import UsageLedger, UsagePart, quota_exceeded

DATA = "data"
PLOTS = "plots"

#: What the record of a chunk takes that an account may refer to.
UPLOAD_BYTES = 128
MAX_ACCOUNTS = 10_000

#: The age of a count by which a request is rejected, and how many times as long as it took a count is valid.
MAX_REJECTING_COUNT_SECONDS = 1.0
RECOUNT_RATIO = 20.0

#: The maximum age of a count.
RECOUNT_SECONDS = 600.0

#: What is reserved at a time for a request of unknown size, unless there is little space.
RESERVED_BYTES = 4 << 20

#: Reports that a request has stored so many bytes by now; raises `Forbidden` if that exceeds the quota.
Grow = Callable[[int], None]


class Quotas:
    """Enforces the quotas of accounts."""

    def __init__(self, ledger: UsageLedger, count: Callable[[str], int]) -> None:
        """Create it with a function that counts the bytes that an account stores in this service."""
        self._ledger = ledger
        self._count = count
        self._limits: LRUCache[str, int | None] = LRUCache(MAX_ACCOUNTS)
        self._lock = threading.Lock()
        #: Until when, by the monotonic clock, the last count of this process is valid.
        self._valid: LRUCache[str, float] = LRUCache(MAX_ACCOUNTS)
        #: Accounts without a quota, which this process has not counted since.
        self._uncounted: LRUCache[str, bool] = LRUCache(MAX_ACCOUNTS)

    def set_limit(self, user: str, limit: int | None) -> None:
        """Set how many bytes an account may have; None for any number."""
        with self._lock:
            self._limits[user] = limit

    def is_limited(self, user: str) -> bool:
        """Return whether an account has a quota."""
        with self._lock:
            return self._limits.get(user) is not None

    @contextmanager
    def reserve(self, user: str) -> Iterator[Grow]:
        """Count what a request stores, unless an exception is raised."""
        with self._lock:
            limit = self._limits.get(user)
        if limit is None:
            self._forget(user)
            yield lambda _size: None
            return
        reservation = _Reservation(lambda size, own: self.take(user, DATA, size, limit, RESERVED_BYTES, own))
        stored = 0
        try:
            yield reservation.grow
            stored = reservation.size
        finally:
            for name, size in reservation.taken:
                self._ledger.settle(user, DATA, name, min(stored, size))
                stored -= min(stored, size)

    def check(self, user: str, sizes: Sequence[int]) -> None:
        """Raise `Forbidden` if chunks of these sizes exceed the quota, before they are sent.

        Nothing is reserved: each of them is counted when it is stored.
        """
        with self._lock:
            limit = self._limits.get(user)
        if limit is None:
            return
        size = sum(sizes) + UPLOAD_BYTES * len(sizes)
        self._recount_if_old(user)
        if self._ledger.used(user) + size > limit:
            self._recount_if_invalid(user)
        if (used := self._ledger.used(user)) + size > limit:
            raise quota_exceeded(used, limit)

    def take(
        self, user: str, part: str, size: int, limit: int, wish: int = 0, own: int = 0
    ) -> tuple[str, int]:
        """Reserve bytes; see `UsageLedger.reserve`. A request is rejected only by a recent count."""
        self._recount_if_old(user)
        with suppress(Forbidden):
            return self._ledger.reserve(user, part, size, limit, wish, own)
        self._recount_if_invalid(user)
        return self._ledger.reserve(user, part, size, limit, own=own)

    def recount(self, user: str) -> None:
        """Count what an account stores in this service."""
        started = time.monotonic()
        before = self._ledger.read(user).get(DATA, UsagePart())
        with self._lock:
            self._uncounted.pop(user, None)
        is_exact = self._ledger.recount(user, DATA, self._count(user), before)
        seconds = RECOUNT_RATIO * (time.monotonic() - started)
        with self._lock:
            self._valid[user] = time.monotonic() + max(MAX_REJECTING_COUNT_SECONDS * is_exact, seconds)

    def _recount_if_old(self, user: str) -> None:
        counted = self._ledger.read(user).get(DATA, UsagePart()).counted
        is_old = counted is None or abs(time.time() - counted) > RECOUNT_SECONDS
        if is_old or self._is_uncounted(user):
            self.recount(user)

    def _recount_if_invalid(self, user: str) -> None:
        with self._lock:
            is_valid = self._valid.get(user, 0.0) > time.monotonic()
        if not is_valid:
            self.recount(user)

    def _is_uncounted(self, user: str) -> bool:
        with self._lock:
            return user in self._uncounted

    def _forget(self, user: str) -> None:
        """Forget what other processes have counted, since this one stores more without counting it."""
        with self._lock:
            is_known = user in self._uncounted
            self._uncounted[user] = True
        if not is_known:
            self._ledger.forget(user)


class _Reservation:
    """What a request has reserved, in one or several parts."""

    def __init__(self, take: Callable[[int, int], tuple[str, int]]) -> None:
        self.size = 0
        self.taken: list[tuple[str, int]] = []
        self._take = take

    def grow(self, size: int) -> None:
        """Reserve more unless so many bytes are reserved."""
        reserved = sum(taken for _, taken in self.taken)
        if size > reserved:
            self.taken.append(self._take(size - reserved, reserved))
        self.size = size


def metered(blocks: Iterable[bytes], grow: Grow) -> Iterator[bytes]:
    """Yield blocks, reporting their total size before each one."""
    size = UPLOAD_BYTES
    for block in blocks:
        size += len(block)
        grow(size)
        yield block
