"""Accounts.

An account is created when its owner opens the link in the email. Nothing is reserved before that, so that no
username and no address can be blocked by requesting it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from bokeh_auth.accounts.identifiers import normalize_email, normalize_username, skeleton_of
from bokeh_auth.repository import AuthRepository
from bokeh_common.compare_and_swap import compare_and_swap
from bokeh_common.errors import Conflict, NotFound
from bokeh_common.timestamps import Clock, format_timestamp, now

STALE = timedelta(minutes=1)  # creating an account takes milliseconds


@dataclass(frozen=True)
class Account:
    """An account.

    Attributes:
        user_id: the username.
        email: the address of its owner; empty if the account is deleted.
        created: when it was created, RFC 3339.
        disabled: whether the operator has disabled it.
        max_bytes, max_plots: its quota; None for the default of the server.
        epoch: how often its owner has logged out everywhere; sessions and login links of another epoch are
            not valid.
        closed: when its deletion started; no credential is accepted since then.
    """

    user_id: str
    email: str
    created: str
    disabled: bool = False
    max_bytes: int | None = None
    max_plots: int | None = None
    epoch: int = 0
    closed: str | None = None

    @property
    def active(self) -> bool:
        """Whether its credentials are accepted."""
        return not self.disabled and self.closed is None

    def quota(self, default: Mapping[str, int | None]) -> dict[str, int | None]:
        """Return the quota of the account, `bytes` and `plots`, on top of the default of the server."""
        own = {"bytes": self.max_bytes, "plots": self.max_plots}
        return {**default, **{name: limit for name, limit in own.items() if limit is not None}}


class Accounts:
    """The accounts of a server."""

    def __init__(
        self,
        repository: AuthRepository,
        clock: Clock = now,
        changed: Callable[[str], object] = lambda _user: None,
    ) -> None:
        """Create the collection; `changed` is called with an account whose credentials may grant less."""
        self._repository = repository
        self._clock = clock
        self._changed = changed

    def create(self, email: object, username: object) -> Account:
        """Create an account.

        Raises:
            Invalid: the address or the username is not valid.
            Conflict: one of them is taken (`email-taken`, `username-taken`).
        """
        time = self._clock()
        account = Account(normalize_username(username), normalize_email(email), format_timestamp(time))
        stale = format_timestamp(time - STALE)
        self._repository.add_account(asdict(account), skeleton_of(account.user_id), stale)
        return account

    def find(self, user: str) -> Account | None:
        """Return an account by its username; None if there is none."""
        found = self._repository.account(user)
        return None if found is None else Account(**found[0])

    def get(self, user: str) -> Account:
        """Return an account by its username; `NotFound`."""
        account = self.find(user)
        if account is None:
            raise _no_account(user)
        return account

    def find_active(self, user: str) -> Account | None:
        """Return an account by its username, unless it is disabled or deleted."""
        account = self.find(user)
        return account if account is not None and account.active else None

    def of_email(self, email: str) -> Account | None:
        """Return the account of a normalized address; None if there is none."""
        user = self._repository.user_of_email(email)
        account = self.find(user) if user is not None else None
        return account if account is not None and account.email == email else None

    def page(self, after: str, limit: int) -> list[Account]:
        """Return accounts in the order of their usernames."""
        return [Account(**value) for value in self._repository.accounts(after, limit)]

    def change(self, user: str, **fields: Any) -> Account:
        """Change fields of an account; `NotFound`."""
        return self._update(user, lambda account: replace(account, **fields))

    def next_epoch(self, user: str) -> Account:
        """Raise the epoch of an account, which invalidates all its sessions and login links; `NotFound`."""
        return self._update(user, lambda account: replace(account, epoch=account.epoch + 1))

    def close(self, user: str) -> Account:
        """Accept no credential of an account any more; `NotFound`. `AccountDeletion` deletes its data."""
        time = format_timestamp(self._clock())
        return self._update(user, lambda account: replace(account, closed=account.closed or time))

    def release_email(self, user: str) -> None:
        """Release the address of a deleted account.

        Its username is never released, since URLs and data under it would belong to someone else.
        """
        account = self.get(user)
        if account.email:
            self._repository.release_email(account.email, user)
            self.change(user, email="")

    def _update(self, user: str, update: Callable[[Account], Account]) -> Account:
        def read() -> tuple[Account, str]:
            found = self._repository.account(user)
            if found is None:
                raise _no_account(user)
            return update(Account(**found[0])), found[1]

        def write(changed: tuple[Account, str]) -> Account:
            self._repository.change_account(asdict(changed[0]), changed[1])
            return changed[0]

        busy = Conflict("The account changes too often at the moment; try again.")
        account = compare_and_swap(read, write, busy)
        self._changed(user)
        return account


def _no_account(user: str) -> NotFound:
    return NotFound(f"There is no account {user!r}.")
