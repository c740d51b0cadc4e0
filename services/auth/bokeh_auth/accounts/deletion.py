"""Account deletion: removal of an account and of its data in all services.

The deletion is recorded before anything is deleted. From then on no credential of the account is accepted,
and any process that finds the record resumes the deletion. So neither a crash nor a client that disconnects
leaves a partial account, and the sum of what was freed survives them. Requests that were in progress when the
account was closed, such as uploads, may still store something; it is deleted some minutes later.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from bokeh_auth.accounts.accounts import Accounts
from bokeh_auth.audit_log import AuditLog
from bokeh_auth.clients import DataServices
from bokeh_auth.credentials.store import KEYSPACES, CredentialStore
from bokeh_auth.repository import AuthRepository
from bokeh_common.compare_and_swap import compare_and_swap
from bokeh_common.errors import CloudError, Conflict
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_common.timestamps import Clock, format_timestamp, is_past, now

log = logging.getLogger(__name__)

PAGE = 100
LEASE = timedelta(minutes=2)  # without progress for so long, a deletion has been interrupted
SETTLED = timedelta(minutes=10)  # no request that started before is still in progress then


class AccountDeletion:
    """Deletes accounts."""

    def __init__(
        self,
        repository: AuthRepository,
        accounts: Accounts,
        credentials: CredentialStore,
        audit: AuditLog,
        data_services: DataServices,
        clock: Clock = now,
    ) -> None:
        self._repository = repository
        self._accounts = accounts
        self._credentials = credentials
        self._audit = audit
        self._data_services = data_services
        self._clock = clock

    async def delete(self, user: str, client_address: str, by: str) -> dict[str, int]:
        """Delete an account; return how much was freed, by what is counted, such as `bytes`.

        Args:
            user: the account.
            client_address: the network address of the client.
            by: the key or session with which the request was made.

        Raises:
            NotFound: there is no such account.
            Unavailable: a service does not answer; the deletion is resumed when it does.
        """
        await STORAGE.run(self._begin, user, client_address, by)
        return await self._erase(user)

    async def recover(self) -> int:
        """Resume interrupted deletions, and delete what requests in progress have stored; return how many."""
        count, after = 0, ""
        while page := await STORAGE.run(self._repository.deletions, after, PAGE):
            for user in page:
                try:
                    count += await self._recover_one(user)
                except CloudError as error:  # the others must not wait for it
                    log.warning("An account is not deleted yet: %s", error)
            after = page[-1]
        return count

    async def _recover_one(self, user: str) -> bool:
        settled = self._clock() - SETTLED
        state = await STORAGE.run(self._resume, user, settled)
        if state is None:
            return False
        await self._erase(user)
        if is_past(state["began"], settled):
            await STORAGE.run(self._repository.end_deletion, user)
        return True

    def _begin(self, user: str, client_address: str, by: str) -> None:
        self._accounts.get(user)
        time = format_timestamp(self._clock())
        state = {"began": time, "touched": time, "origin": client_address, "by": by}
        self._repository.begin_deletion(user, {**state, "freed": {}, "emptied": False})
        self._revoke(user)

    def _resume(self, user: str, settled: datetime) -> dict[str, Any] | None:
        """Revoke the credentials, and return the state of a deletion; None if it is not to be resumed."""
        found = self._repository.deletion(user)
        if found is None:
            return None
        state = found[0]
        due = settled if state["emptied"] else self._clock() - LEASE
        if not is_past(state["began" if state["emptied"] else "touched"], due):
            return None
        self._revoke(user)
        return state

    def _revoke(self, user: str) -> None:
        self._accounts.close(user)
        for kind, name in KEYSPACES.items():
            self._add(user, {name: self._credentials.revoke_all(kind, user)})

    async def _erase(self, user: str) -> dict[str, int]:
        async for freed in self._data_services.erase(user):
            await STORAGE.run(self._add, user, freed)
        return await STORAGE.run(self._finish, user)

    def _add(self, user: str, freed: dict[str, int], *, emptied: bool = False) -> tuple[dict[str, int], bool]:
        """Record what was freed; return the sum, and whether the account had been emptied before."""

        def write(found: tuple[dict[str, Any], str] | None) -> tuple[dict[str, int], bool]:
            if found is None:  # another process has finished it
                return freed, True
            state, etag = found
            total: Counter[str] = Counter(state["freed"])
            total.update(freed)
            changed = {
                "freed": dict(total),
                "touched": format_timestamp(self._clock()),
                "emptied": emptied or state["emptied"],
            }
            self._repository.change_deletion(user, {**state, **changed}, etag)
            return dict(total), bool(state["emptied"])

        busy = Conflict("Other requests delete this account at the moment; try again.")
        return compare_and_swap(lambda: self._repository.deletion(user), write, busy)

    def _finish(self, user: str) -> dict[str, int]:
        self._accounts.release_email(user)
        self._audit.trim(user, keep=0)
        found = self._repository.deletion(user)
        freed, was_empty = self._add(user, {}, emptied=True)
        if found is not None and not was_empty:
            self._audit.log("account.delete", user, found[0]["origin"], "done", by=found[0]["by"], **freed)
        return freed
