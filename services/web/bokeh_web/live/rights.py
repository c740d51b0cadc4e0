"""Whether the listeners of a plot may still see it.

Listeners with the same credential are checked together. While a check is due because something was revoked or
the visibility of the plot changed, they get no events.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context, copy_context
from dataclasses import dataclass, field

from bokeh_common.errors import Forbidden, NotFound, TooManyRequests, Unauthenticated

log = logging.getLogger(__name__)

CHECK_SECONDS = 60.0

#: Caches of credentials in other processes may hear of a revocation a moment later than this one.
REVOCATION_SECONDS = 0.2

#: Checks at the same time.
MAX_CHECKS = 4

Check = Callable[[], Coroutine[None, None, object]]

#: Valid credentials are not limited, so too many requests were sent with invalid ones, of which this is one.
REFUSED = (NotFound, Forbidden, Unauthenticated, TooManyRequests)


@dataclass(eq=False)
class Rights:
    """The rights of the listeners of a plot that have the same credential.

    Attributes:
        check: raises `CloudError` unless they may see the plot.
        user: the account of the credential; empty for visitors.
        changed: is called when the rights have changed.
        listeners: how many there are.
        is_suspended: whether they get no events until the next check.
        is_ended: whether they may not see the plot any more.
        due: when they are checked next, on the monotonic clock.
        context: that of the request of the first listener, whose address checks are counted for.
    """

    check: Check
    user: str
    changed: Callable[[], object]
    listeners: int = 0
    is_suspended: bool = False
    is_ended: bool = False
    due: float = field(default_factory=lambda: time.monotonic() + CHECK_SECONDS)
    context: Context = field(default_factory=copy_context)

    def suspend(self, seconds: float = 0) -> None:
        """Send no events before a check in so many seconds."""
        self.is_suspended = True
        self.due = time.monotonic() + seconds


class RightsChecker:
    """Checks the rights of all listeners of a process when that is due.

    Attributes:
        changes: how often something was revoked, or the visibility of a plot changed. If that happens between
            the check of a new listener and `add`, the listener has to be checked again.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._rights: set[Rights] = set()
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._turns = asyncio.Semaphore(MAX_CHECKS)

    def add(self, rights: Rights) -> None:
        """Check rights from now on."""
        self._rights.add(rights)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def remove(self, rights: Rights) -> None:
        """Check rights no longer."""
        self._rights.discard(rights)

    def revoked(self, user: str | None) -> None:
        """Suspend the listeners of an account, or all of them."""
        concerned = [rights for rights in self._rights if user is None or rights.user == user]
        self.suspend(concerned, REVOCATION_SECONDS)

    def suspend(self, concerned: Iterable[Rights], seconds: float = 0) -> None:
        """Send no events to listeners before they have been checked, in so many seconds."""
        self.changes += 1
        for rights in concerned:
            rights.suspend(seconds)
        self._hurry.set()

    async def _run(self) -> None:
        while self._rights:
            self._hurry.clear()
            now = time.monotonic()
            await asyncio.gather(*[self._check(rights) for rights in self._rights if rights.due <= now])
            pause = min((rights.due for rights in self._rights), default=now) - time.monotonic()
            await self._sleep(min(max(pause, 0.01), 1.0))

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._hurry.wait(), seconds)
        except TimeoutError:
            pass
        else:
            await asyncio.sleep(0.01)

    async def _check(self, rights: Rights) -> None:
        was_due = rights.due
        try:
            async with self._turns:
                await asyncio.create_task(rights.check(), context=rights.context)
        except REFUSED:
            rights.is_ended = True
            rights.changed()
        except Exception as error:  # noqa: BLE001  # the checks of all listeners depend on this task
            log.warning("The rights of listeners could not be checked: %r", error)
            rights.due = time.monotonic() + 1
            return
        if rights.due != was_due:
            return  # something was revoked meanwhile
        rights.due = time.monotonic() + CHECK_SECONDS
        if rights.is_suspended:
            rights.is_suspended = False
            rights.changed()
