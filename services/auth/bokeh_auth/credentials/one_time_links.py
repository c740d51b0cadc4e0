"""One-time links, which are sent in emails. Each is for one purpose, works once, and expires soon."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from bokeh_auth.credentials.secret import ONE_TIME, digest_of, is_well_formed, new_secret
from bokeh_auth.repository import AuthRepository
from bokeh_common.timestamps import Clock, format_timestamp, is_past, now

REGISTER = "register"
LOGIN = "login"

LIFETIME = {REGISTER: timedelta(hours=24), LOGIN: timedelta(minutes=15)}
PAGE = 1000


@dataclass(frozen=True)
class OneTimeLink:
    """What a one-time link is for; `expires` is RFC 3339, `epoch` that of the account."""

    purpose: str
    email: str
    username: str
    expires: str
    epoch: int = 0


class OneTimeLinks:
    """Creates and redeems one-time links."""

    def __init__(self, repository: AuthRepository, clock: Clock = now) -> None:
        self._repository = repository
        self._clock = clock

    def create(self, purpose: str, email: str, username: str, epoch: int = 0) -> str:
        """Return the secret of a new link."""
        secret, expires = new_secret(ONE_TIME), format_timestamp(self._clock() + LIFETIME[purpose])
        link = OneTimeLink(purpose, email, username, expires, epoch)
        self._repository.add_link(digest_of(secret), asdict(link))
        return secret

    def peek(self, secret: str) -> OneTimeLink | None:
        """Return what a link is for, without using it (mail scanners open links); None if not valid."""
        return self._if_valid(
            self._repository.link(digest_of(secret)) if is_well_formed(secret, ONE_TIME) else None
        )

    def redeem(self, secret: str) -> OneTimeLink | None:
        """Use a link, which invalidates it; None if it does not exist, has been used, or has expired."""
        if self.peek(secret) is None:
            return None
        return self._if_valid(self._repository.use_link(digest_of(secret)))

    def purge(self) -> int:
        """Delete links that have expired; return how many."""
        after, deleted = "", 0
        while page := self._repository.links(after, PAGE):
            for digest, value in page:
                if is_past(value["expires"], self._clock()):
                    self._repository.delete_link(digest)
                    deleted += 1
            after = page[-1][0]
        return deleted

    def _if_valid(self, value: dict[str, Any] | None) -> OneTimeLink | None:
        if value is None or is_past(value["expires"], self._clock()):
            return None
        return OneTimeLink(**{name: value[name] for name in OneTimeLink.__match_args__ if name in value})
