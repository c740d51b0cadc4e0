"""The domain of the service, put together: everything on one storage, by one clock."""

from collections.abc import Callable
from dataclasses import dataclass

from bokeh_auth.accounts import Accounts
from bokeh_auth.audit import Audit
from bokeh_auth.keys import Keys
from bokeh_auth.links import Links
from bokeh_auth.records import Records
from bokeh_auth.sessions import Sessions
from bokeh_auth.shares import Shares
from bokeh_auth.times import Clock, now
from bokeh_auth.tokens import ViewTokens
from bokeh_auth.vault import Vault


@dataclass(frozen=True)
class Domain:
    """What a server with accounts works with."""

    records: Records
    vault: Vault
    accounts: Accounts
    keys: Keys
    sessions: Sessions
    shares: Shares
    links: Links
    views: ViewTokens
    audit: Audit

    @classmethod
    def on(
        cls, records: Records, clock: Clock = now, changed: Callable[[str], object] = lambda _user: None
    ) -> "Domain":
        """Put it together on these records; `changed` is told whose credentials may open less than before."""
        vault, accounts = Vault(records, clock, changed), Accounts(records, clock, changed)
        return cls(
            records=records,
            vault=vault,
            accounts=accounts,
            keys=Keys(vault, clock),
            sessions=Sessions(vault, accounts, clock),
            shares=Shares(vault, clock),
            links=Links(records, clock),
            views=ViewTokens(records.view_key()),
            audit=Audit(records, clock),
        )
