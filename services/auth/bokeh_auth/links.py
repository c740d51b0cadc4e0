"""One-time links: the secret in an email. Each is bound to a purpose, works once, and not for long."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from bokeh_auth.credentials import ONE_TIME, digest_of, is_well_formed, new_secret
from bokeh_auth.records import Records
from bokeh_auth.times import Clock, now, past, stamp

REGISTER = "register"
LOGIN = "login"

LIFETIME = {REGISTER: timedelta(hours=24), LOGIN: timedelta(minutes=15)}
PAGE = 1000


@dataclass(frozen=True)
class Link:
    """What a one-time link is good for."""

    purpose: str
    email: str
    username: str
    expires: str
    epoch: int = 0  # of the account, see `accounts.Account`


class Links:
    """Makes one-time links and takes them back."""

    def __init__(self, records: Records, clock: Clock = now) -> None:
        self._records = records
        self._clock = clock

    def make(self, purpose: str, email: str, username: str, epoch: int = 0) -> str:
        """Return a new secret for this purpose."""
        secret = new_secret(ONE_TIME)
        link = Link(purpose, email, username, stamp(self._clock() + LIFETIME[purpose]), epoch)
        self._records.add_link(digest_of(secret), asdict(link))
        return secret

    def look(self, secret: str) -> Link | None:
        """Say what a link is for without using it: mail scanners open links, and must not use them up."""
        return self._valid(
            self._records.link(digest_of(secret)) if is_well_formed(secret, ONE_TIME) else None
        )

    def use(self, secret: str) -> Link | None:
        """Use the link up; None when there is no such link, it is used already, or too old."""
        if self.look(secret) is None:
            return None
        return self._valid(self._records.take_link(digest_of(secret)))

    def clear(self) -> int:
        """Forget links that are too old; return how many."""
        after, gone = "", 0
        while page := self._records.links(after, PAGE):
            for digest, value in page:
                if past(value["expires"], self._clock()):
                    self._records.delete_link(digest)
                    gone += 1
            after = page[-1][0]
        return gone

    def _valid(self, value: dict[str, Any] | None) -> Link | None:
        if value is None or past(value["expires"], self._clock()):
            return None
        return Link(**{name: value[name] for name in Link.__match_args__ if name in value})
