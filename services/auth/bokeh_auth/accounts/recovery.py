"""Resumes interrupted account deletions, in a task of the event loop, as they call other services."""

import asyncio
import logging

from bokeh_auth.accounts.deletion import AccountDeletion
from bokeh_common.errors import CloudError

RECOVERY_SECONDS = 60

log = logging.getLogger(__name__)


class DeletionRecovery:
    """Falcon middleware that resumes deletions while the server runs."""

    def __init__(self, deletion: AccountDeletion, seconds: float = RECOVERY_SECONDS) -> None:
        """Look for interrupted deletions every so many seconds."""
        self._deletion = deletion
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def process_startup(self, *_: object) -> None:
        """Start the task."""
        self._task = asyncio.create_task(self._run())

    async def process_shutdown(self, *_: object) -> None:
        """Cancel the task; another process, or the next start, resumes what it was deleting."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await self._recover()
            await asyncio.sleep(self._seconds)

    async def _recover(self) -> None:
        try:
            await self._deletion.recover()
        except CloudError as error:
            log.warning("Account deletions are not resumed yet, and will be tried again: %s", error)
        except Exception:
            log.exception("Resuming account deletions failed with an unexpected error")
