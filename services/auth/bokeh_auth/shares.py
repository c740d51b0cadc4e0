"""Share links: whoever has one may look at one plot, until it expires or is revoked."""

import re
from collections.abc import Sequence

from bokeh_auth.credentials import SHARE
from bokeh_auth.scopes import VIEWING
from bokeh_auth.times import Clock, expiry, now
from bokeh_auth.vault import Credential, Vault
from bokeh_common.errors import Conflict, Invalid, NotFound

MAX_SHARES = 1000  # of an account
MAX_ORIGINS = 20

#: An origin (RFC 6454) as a Content-Security-Policy takes it; nothing that could end a directive.
ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:\d{1,5})?")


class Shares:
    """The share links of all accounts."""

    def __init__(self, vault: Vault, clock: Clock = now) -> None:
        self._vault = vault
        self._clock = clock

    def make(
        self, user: str, plot: str, expires: str | None, origins: Sequence[str]
    ) -> tuple[Credential, str]:
        """Make a link and return it with its token, which is never shown again.

        Args:
            user: the plot's owner.
            plot: its id.
            expires: RFC 3339; None for a link that is good until it is revoked.
            origins: the sites that may embed the plot with this link; none for any.

        Raises:
            Invalid: the time or an origin cannot be.
            Conflict: the account has very many links.
        """
        if len(origins) > MAX_ORIGINS or not all(ORIGIN.fullmatch(origin) for origin in origins):
            raise Invalid("'origins' must be sites such as https://example.org, in lower case, 20 at most.")
        if len(self._vault.page(SHARE, user, limit=MAX_SHARES)) >= MAX_SHARES:
            raise Conflict(f"The account has {MAX_SHARES} share links; revoke some.", slug="too-many-shares")
        ends = expiry(expires, self._clock())
        return self._vault.issue(SHARE, user, "", VIEWING, ends, only=plot, origins=origins)

    def of_account(self, user: str) -> list[Credential]:
        """Return the links of all plots of an account, without their tokens."""
        return self._vault.page(SHARE, user, limit=MAX_SHARES)

    def of_plot(self, user: str, plot: str) -> list[Credential]:
        """Return the links of a plot, without their tokens."""
        return [share for share in self.of_account(user) if share.only == plot]

    def revoke(self, user: str, plot: str, share: str) -> None:
        """Make a link open nothing from now on; `NotFound`."""
        if self._vault.get(SHARE, user, share).only != plot:
            raise NotFound("This plot has no such share link.")
        self._vault.revoke(SHARE, user, share)
