"""How many bytes an account may have here: the chunks that it has sent or was handed, uncompressed.

What an account has is counted when that matters, and remembered for a while together with what this process
stores meanwhile. So a process never lets through more than the bound; several together let through at most
what the others store within `RECOUNT_SECONDS`. A refusal rests on a count of that moment.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from cachetools import LRUCache

from bokeh_common.errors import Forbidden

RECOUNT_SECONDS = 10.0

#: A count that took long is kept for so many times as long.
RECOUNT_TIMES = 20.0
ACCOUNTS = 10_000

#: A refusal rests on a count that is at most so old.
SURE_SECONDS = 1.0
PAGE = 1000

#: Lists the bytes of chunks of an account, by name: those after a name, so many.
Listing = Callable[[str, str, int], Mapping[str, int]]


@dataclass
class _Account:
    """What is known of one.

    Attributes:
        limit: bytes; None for no bound.
        used: bytes of all chunks but those of `pending`.
        pending: bytes, as far as they have come, of the chunks that are being stored, and by how many.
        counted: when `used` was counted, by the monotonic clock; None for never.
        good_for: seconds from then.
    """

    limit: int | None = None
    used: int = 0
    pending: dict[str, tuple[int, int]] = field(default_factory=dict)
    counted: float | None = None
    good_for: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def total(self) -> int:
        return self.used + sum(size for size, _ in self.pending.values())


#: Says that a chunk has grown to so many bytes; raises `Forbidden` when that is too much.
Grow = Callable[[int], None]


class Quotas:
    """The bounds of accounts, held against what they store."""

    def __init__(self, listing: Listing) -> None:
        """Take a function that lists what an account has."""
        self._listing = listing
        self._accounts: LRUCache[str, _Account] = LRUCache(ACCOUNTS)
        self._lock = threading.Lock()

    def bound(self, user: str, limit: int | None) -> None:
        """Note how many bytes an account may have; None for any number."""
        self._of(user).limit = limit

    @contextmanager
    def storing(self, user: str, chunk: str) -> Iterator[Grow]:
        """Count a chunk while it is stored, and from then on when no exception comes through."""
        account = self._of(user)
        with account.lock:
            size, writers = account.pending.get(chunk, (0, 0))
            account.pending[chunk] = (size, writers + 1)
        stored = False
        try:
            yield lambda size: self._grow(user, account, chunk, size)
            stored = True
        finally:
            with account.lock:
                _settle(account, chunk, stored)

    def _of(self, user: str) -> _Account:
        with self._lock:
            return self._accounts.setdefault(user, _Account())

    def _grow(self, user: str, account: _Account, chunk: str, size: int) -> None:
        with account.lock:
            known, writers = account.pending[chunk]
            account.pending[chunk] = (max(known, size), writers)
            if account.limit is None:
                return
            if not _is_fresh(account):
                self._count(user, account)
            if account.total <= account.limit:
                return
            if time.monotonic() - (account.counted or 0) > SURE_SECONDS:  # maybe something was deleted
                self._count(user, account)
            if account.total > account.limit:
                raise _refused(account.total - size, account.limit)

    def _count(self, user: str, account: _Account) -> None:
        started = time.monotonic()
        used, after = 0, ""
        while page := self._listing(user, after, PAGE):
            used += sum(size for name, size in page.items() if name not in account.pending)
            after = list(page)[-1]
        account.used = used
        account.counted = time.monotonic()
        account.good_for = max(RECOUNT_SECONDS, RECOUNT_TIMES * (account.counted - started))


def measured(blocks: Iterable[bytes], grow: Grow) -> Iterator[bytes]:
    """Yield blocks, each after it was counted."""
    size = 0
    for block in blocks:
        size += len(block)
        grow(size)
        yield block


def _settle(account: _Account, chunk: str, stored: bool) -> None:
    size, writers = account.pending.pop(chunk)
    if writers > 1:
        account.pending[chunk] = (size, writers - 1)
    elif stored:
        account.used += size


def _is_fresh(account: _Account) -> bool:
    return account.counted is not None and time.monotonic() - account.counted < account.good_for


def _refused(used: int, limit: int) -> Forbidden:
    detail = (
        f"The account has {used} bytes of data and may have {limit}; this would be more, and was not stored. "
        "Delete some, which counts until the garbage is collected, or ask the operator."
    )
    return Forbidden(detail, slug="quota-exceeded", used=used, limit=limit)
