"""Accounts: who there is.

An account comes into being when its owner opens the link in the email: before that nothing is claimed, so
nobody can hold a name or somebody else's address by asking for it.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from bokeh_auth.names import email_of, username_of
from bokeh_auth.records import Records
from bokeh_auth.times import Clock, now, stamp
from bokeh_common.errors import Conflict, NotFound

ATTEMPTS = 5
STALE = timedelta(minutes=1)  # making an account takes milliseconds


@dataclass(frozen=True)
class Account:
    """A person's account; limits that are None are the server's own."""

    user_id: str
    email: str
    created: str
    disabled: bool = False
    max_bytes: int | None = None
    max_plots: int | None = None

    def quota(self, otherwise: Mapping[str, int | None]) -> dict[str, int | None]:
        """Return how many `bytes` and `plots` the account may have; `otherwise` is the server's own quota."""
        own = {"bytes": self.max_bytes, "plots": self.max_plots}
        return {name: otherwise[name] if bound is None else bound for name, bound in own.items()}


class Accounts:
    """The accounts of a server."""

    def __init__(self, records: Records, clock: Clock = now) -> None:
        self._records = records
        self._clock = clock

    def create(self, email: object, username: object) -> Account:
        """Make an account.

        Raises:
            Invalid: the address or the name cannot be.
            Conflict: one of them is taken (`email-taken`, `username-taken`).
        """
        time = self._clock()
        account = Account(username_of(username), email_of(email), stamp(time))
        self._records.add_account(asdict(account), stale=stamp(time - STALE))
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

    def is_active(self, user: str) -> bool:
        """Whether there is such an account, and nobody has disabled it."""
        account = self.find(user)
        return account is not None and not account.disabled

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
        for _ in range(ATTEMPTS):
            found = self._records.account(user)
            if found is None:
                raise NotFound(f"There is no account {user!r}.")
            account = replace(Account(**found[0]), **fields)
            with suppress(Conflict):
                self._records.change_account(asdict(account), found[1])
                return account
        raise Conflict("The account changes at this moment; try again.")

    def delete(self, user: str) -> None:
        """Delete an account; what it owns elsewhere is its caller's business.

        Its name is never given to anybody again: addresses and data under it would be theirs.
        """
        account = self.get(user)
        self._records.retire_account(asdict(replace(account, email="", disabled=True)), account.email)
