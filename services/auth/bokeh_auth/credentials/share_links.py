"""Share links: revocable URLs that open one private plot for reading."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import UNSET, UnsetType

from bokeh_auth.credentials.scopes import VIEWING
from bokeh_auth.credentials.secret import SHARE
from bokeh_auth.credentials.store import Credential, CredentialStore
from bokeh_common.errors import Conflict, Invalid, NotFound
from bokeh_common.timestamps import Clock, now, parse_expiry

#: After how long a share link expires if the request does not say when; None for never. API, client, commands
#: and pages leave the time out to get this default.
DEFAULT_EXPIRY: timedelta | None = None

MAX_SHARES = 1000  # of an account
MAX_ORIGINS = 20

#: An origin (RFC 6454) as in a Content-Security-Policy; it contains no character that could end a directive.
ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:\d{1,5})?")


class ShareLinks:
    """The share links of all accounts."""

    def __init__(self, credentials: CredentialStore, clock: Clock = now) -> None:
        self._credentials = credentials
        self._clock = clock

    def create(
        self,
        user: str,
        plot: str,
        origins: Sequence[str] = (),
        expires: str | UnsetType | None = UNSET,
        history: bool = False,
    ) -> tuple[Credential, str]:
        """Create a link, and return it with its token, which cannot be read again.

        Args:
            user: the owner of the plot.
            plot: the id of the plot.
            origins: the origins (RFC 6454) that may embed the plot with this link; empty for any.
            expires: when the link expires, RFC 3339; None for never; by default after `DEFAULT_EXPIRY`.
            history: whether the link opens old versions of the plot, too.

        Raises:
            Invalid: the time or an origin is not valid.
            Conflict: the account has too many links.
        """
        if len(origins) > MAX_ORIGINS or not all(ORIGIN.fullmatch(origin) for origin in origins):
            raise Invalid("'origins' must be sites such as https://example.org, in lower case, 20 at most.")
        if len(self.of_account(user)) >= MAX_SHARES:
            raise Conflict(f"The account has {MAX_SHARES} share links; revoke some.", slug="too-many-shares")
        return self._credentials.issue(
            SHARE, user, "", VIEWING, self._expiry(expires), only=plot, origins=origins, history=history
        )

    def of_account(self, user: str) -> list[Credential]:
        """Return the links of all plots of an account, without their tokens."""
        return self._credentials.page(SHARE, user, limit=MAX_SHARES)

    def of_plot(self, user: str, plot: str) -> list[Credential]:
        """Return the links of a plot, without their tokens."""
        return [share for share in self.of_account(user) if share.only == plot]

    def revoke(self, user: str, plot: str, share: str) -> None:
        """Revoke a link; `NotFound`."""
        if self._credentials.get(SHARE, user, share).only != plot:
            raise NotFound("This plot has no such share link.")
        self._credentials.revoke(SHARE, user, share)

    def _expiry(self, expires: str | UnsetType | None) -> datetime | None:
        if expires is UNSET:
            return None if DEFAULT_EXPIRY is None else self._clock() + DEFAULT_EXPIRY
        return parse_expiry(expires, self._clock())
