"""Accounts: who there is.

An account comes into being when its owner opens the link in the email: before that nothing is claimed, so
nobody can hold a name or somebody else's address by asking for it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from bokeh_auth.names import email_of, look_of, username_of
from bokeh_auth.records import Records
from bokeh_auth.times import Clock, now, stamp
from bokeh_common.errors import Conflict, NotFound

ATTEMPTS = 5
STALE = timedelta(minutes=1)  # making an account takes milliseconds


@dataclass(frozen=True)
class Account:
    """A person's account.

    Attributes:
        user_id: the username.
        email: empty when the account is deleted.
        created: RFC 3339.
        disabled: whether the operator has locked it.
        max_bytes, max_plots: its quota; None for the server's own.
        epoch: counts how often its owner signed out everywhere; sessions and login links of another epoch
            open nothing.
        closed: when its deletion began; nothing opens it since.
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
        """Whether anything opens it."""
        return not self.disabled and self.closed is None

    def quota(self, otherwise: Mapping[str, int | None]) -> dict[str, int | None]:
        """Return how many `bytes` and `plots` the account may have; `otherwise` is the server's own quota."""
        own = {"bytes": self.max_bytes, "plots": self.max_plots}
        return {**otherwise, **{name: bound for name, bound in own.items() if bound is not None}}


class Accounts:
    """The accounts of a server."""

    def __init__(
        self, records: Records, clock: Clock = now, changed: Callable[[str], object] = lambda _user: None
    ) -> None:
        """Put it together; `changed` is called with the account whose credentials may open less now."""
        self._records = records
        self._clock = clock
        self._changed = changed

    def create(self, email: object, username: object) -> Account:
        """Make an account.

        Raises:
            Invalid: the address or the name cannot be.
            Conflict: one of them is taken (`email-taken`, `username-taken`).
        """
        time = self._clock()
        account = Account(username_of(username), email_of(email), stamp(time))
        self._records.add_account(asdict(account), look_of(account.user_id), stale=stamp(time - STALE))
        return account

    def find(self, user: str) -> Account | None:
        """Return an account by its name."""
        found = self._records.account(user)
        return None if found is None else Account(**found[0])

    def get(self, user: str) -> Account:
        """Return an account by its name; `NotFound`."""
        account = self.find(user)
        if account is None:
            raise NotFound(f"There is no account {user!r}.")
        return account

    def find_active(self, user: str) -> Account | None:
        """Return an account by its name, unless it is disabled or deleted."""
        account = self.find(user)
        return account if account is not None and account.active else None

    def of_email(self, email: str) -> Account | None:
        """Return the account of an address in the form of `email_of`."""
        user = self._records.user_of_email(email)
        account = self.find(user) if user is not None else None
        return account if account is not None and account.email == email else None

    def page(self, after: str, limit: int) -> list[Account]:
        """Return accounts in the order of their names."""
        return [Account(**value) for value in self._records.accounts(after, limit)]

    def change(self, user: str, **fields: Any) -> Account:
        """Change fields of an account; `NotFound`."""
        return self._update(user, lambda account: replace(account, **fields))

    def next_epoch(self, user: str) -> Account:
        """End the epoch of an account: every session and every login link of it; `NotFound`."""
        return self._update(user, lambda account: replace(account, epoch=account.epoch + 1))

    def close(self, user: str) -> Account:
        """Let nothing open an account any more; `NotFound`. What it has is `Closing`'s business."""
        time = stamp(self._clock())
        return self._update(user, lambda account: replace(account, closed=account.closed or time))

    def retire(self, user: str) -> None:
        """Give the address of a deleted account free.

        Its name is never given to anybody again: addresses and data under it would be theirs.
        """
        account = self.get(user)
        if account.email:
            self._records.free_email(account.email, user)
            self.change(user, email="")

    def _update(self, user: str, how: Callable[[Account], Account]) -> Account:
        for _ in range(ATTEMPTS):
            found = self._records.account(user)
            if found is None:
                raise NotFound(f"There is no account {user!r}.")
            account = how(Account(**found[0]))
            with suppress(Conflict):
                self._records.change_account(asdict(account), found[1])
                self._changed(user)
                return account
        raise Conflict("The account changes at this moment; try again.")
