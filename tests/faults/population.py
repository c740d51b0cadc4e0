"""What is stored before the faults: accounts with plots.

Full size is 1,000 accounts and 10,000 plots; tests store one percent, or `FAULTS_PERCENT` percent.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_common.storage import open_records
from tests.integration.test_api_spec.caller import Caller

ACCOUNTS = 1_000
PLOTS = 10  # of an account
THREADS = 4


@dataclass(frozen=True)
class Population:
    """Accounts with plots, by their API keys; each account has `PLOTS` plots of its name and number."""

    keys: dict[str, str]

    def callers(self, url: str) -> list[Caller]:
        """Return a caller for each account."""
        return [Caller(url, user, key) for user, key in self.keys.items()]


def size() -> int:
    """Return the number of accounts to create."""
    return max(1, round(ACCOUNTS * float(os.environ.get("FAULTS_PERCENT", "1")) / 100))


def create_accounts(storage: str, count: int) -> Population:
    """Create accounts with a key for each."""
    domain = AccountDomain.on_storage(open_records(storage, "auth"))
    keys = {}
    for number in range(count):
        user = f"person{number}"
        domain.accounts.create(f"{user}@example.com", user)
        keys[user] = domain.keys.create(user, "x", list(SCOPES), None, frozenset(SCOPES))[1]
    return Population(keys)


def publish_plots(population: Population, url: str) -> None:
    """Publish the plots of all accounts."""

    def publish(person: tuple[int, Caller]) -> None:
        account, caller = person
        for number in range(PLOTS):
            caller.plot(f"plot {number}", float(number), float(account))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(publish, enumerate(population.callers(url))))
