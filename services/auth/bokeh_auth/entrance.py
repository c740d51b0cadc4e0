"""How people come in: they ask for a link by email, and open it.

Asking does the same work and gets the same answer whether or not the server knows the address: a note in the
outbox. What the email says is decided when it is sent, out of sight of who asked.
"""

from collections.abc import Callable

from bokeh_auth.accounts import Account, Accounts
from bokeh_auth.audit import ASKED, DONE, REFUSED, Audit
from bokeh_auth.limits import Limits
from bokeh_auth.links import LOGIN, REGISTER, Link, Links
from bokeh_auth.names import email_of, username_of
from bokeh_auth.outbox import Outbox
from bokeh_auth.sessions import Sessions
from bokeh_common.errors import NotFound
from bokeh_common.http.limits import Allowance


class Entrance:
    """Registration and login."""

    def __init__(
        self,
        accounts: Accounts,
        links: Links,
        sessions: Sessions,
        outbox: Outbox,
        limits: Limits,
        audit: Audit,
        wake: Callable[[], None],
    ) -> None:
        """Put it together; `wake` is called when there is something in the outbox."""
        self._accounts = accounts
        self._links = links
        self._sessions = sessions
        self._outbox = outbox
        self._limits = limits
        self._audit = audit
        self._wake = wake

    def register(self, email: object, username: object, origin: str) -> list[Allowance]:
        """Have a link sent that makes an account; return how often one may ask again.

        Args:
            email: where to.
            username: the name that the account shall have.
            origin: the network address of who asks.

        Raises:
            Invalid: the address or the name cannot be, whoever asks.
            TooMany: too many such requests from there, or for this address.
        """
        address, name = email_of(email), username_of(username)
        left = self._limits.mail(origin, address)
        self._outbox.add(REGISTER, address, name)
        self._wake()
        self._audit.say("register", name, origin, ASKED)
        return left

    def login(self, email: object, origin: str) -> list[Allowance]:
        """Have a link sent that signs in; as `register`."""
        address = email_of(email)
        left = self._limits.mail(origin, address)
        self._outbox.add(LOGIN, address, "")
        self._wake()
        self._audit.say("login", "", origin, ASKED)
        return left

    def look(self, token: str) -> Link:
        """Say what a link is for, without using it.

        Raises:
            NotFound: it is unknown, used or too old.
        """
        link = self._links.look(token)
        if link is None or (link.purpose == LOGIN and self._owner(link) is None):
            raise _spent()
        return link

    def enter(self, token: str, agent: str, origin: str) -> tuple[str, str]:
        """Use a link; return the account's name and the token of a new session.

        Raises:
            NotFound: the link is unknown, used or too old, or its account is no more.
            Conflict: the name was taken since the link was sent (`username-taken`), or there is an account
                with the address by now (`email-taken`).
            TooMany: many wrong links came from there, and this is one more.
        """
        link = self._links.use(token)
        if link is None:
            self._audit.say("login", "", origin, REFUSED)
            self._limits.failure(origin)
            raise _spent()
        if link.purpose == REGISTER:
            account: Account | None = self._accounts.create(link.email, link.username)
        else:
            account = self._owner(link)
        if account is None:
            self._audit.say("login", link.username, origin, REFUSED)
            raise _spent()
        self._audit.note(link.purpose, account.user_id, origin, DONE)
        return account.user_id, self._sessions.start(account, agent)

    def _owner(self, link: Link) -> Account | None:
        """Return the account that a link signs in to; its owner may have signed out everywhere since."""
        account = self._accounts.find_active(link.username)
        fits = account is not None and (account.email, account.epoch) == (link.email, link.epoch)
        return account if fits else None


def _spent() -> NotFound:
    detail = "This link was used already, or is too old. Ask for a new one."
    return NotFound(detail, slug="link-spent")
