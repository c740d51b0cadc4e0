"""How people come in: they ask for a link by email, and open it.

Asking does the same work and gets the same answer whether or not the server knows the address: a note in the
outbox. What the email says is decided when it is sent, out of sight of who asked.
"""

from collections.abc import Callable

from bokeh_auth.accounts import Accounts
from bokeh_auth.audit import Audit
from bokeh_auth.limits import Limits
from bokeh_auth.links import LOGIN, REGISTER, Link, Links
from bokeh_auth.names import email_of, username_of
from bokeh_auth.outbox import Outbox
from bokeh_auth.sessions import Sessions
from bokeh_common.errors import Conflict, NotFound


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

    def register(self, email: object, username: object, origin: str) -> None:
        """Have a link sent that makes an account.

        Args:
            email: where to.
            username: the name that the account shall have.
            origin: the network address of who asks.

        Raises:
            Invalid: the address or the name cannot be, whoever asks.
            TooMany: too many such requests from there, or for this address.
        """
        address, name = email_of(email), username_of(username)
        self._limits.mail(origin, address)
        self._outbox.add(REGISTER, address, name)
        self._wake()
        self._audit.say("register", name, origin, "asked")

    def login(self, email: object, origin: str) -> None:
        """Have a link sent that signs in; raises as `register`."""
        address = email_of(email)
        self._limits.mail(origin, address)
        self._outbox.add(LOGIN, address, "")
        self._wake()

    def look(self, token: str) -> Link:
        """Say what a link is for, without using it.

        Raises:
            NotFound: it is unknown, used or too old.
        """
        link = self._links.look(token)
        if link is None:
            raise _spent()
        return link

    def enter(self, token: str, agent: str, origin: str) -> tuple[str, str]:
        """Use a link; return the account's name and the token of a new session.

        Raises:
            NotFound: the link is unknown, used or too old, or its account is no more.
            Conflict: the name was taken since the link was sent (`username-taken`).
            TooMany: too many wrong links from there.
        """
        self._limits.demand_few_failures(origin)
        link = self._links.use(token)
        if link is None:
            self._limits.failure(origin)
            self._audit.say("login", "", origin, "refused")
            raise _spent()
        user = self._confirm(link) if link.purpose == REGISTER else link.username
        if not self._accounts.is_active(user):
            self._audit.say("login", user, origin, "refused")
            raise _spent()
        self._audit.note(link.purpose, user, origin, "done")
        return user, self._sessions.start(user, agent)

    def _confirm(self, link: Link) -> str:
        try:
            return self._accounts.create(link.email, link.username).user_id
        except Conflict as error:
            known = self._accounts.of_email(link.email)
            if error.kind == "email-taken" and known is not None:
                return known.user_id  # they opened two of their links; the address is proven all the same
            raise


def _spent() -> NotFound:
    detail = "This link was used already, or is too old. Ask for a new one."
    return NotFound(detail, slug="link-spent")
