"""Registration and login by one-time links in emails.

A request for a link does the same work, and gets the same response, whether or not the server knows the
address: it adds a message to the outbox. What the email says is decided when it is sent.
"""

from collections.abc import Callable

from bokeh_auth.accounts.accounts import Account, Accounts
from bokeh_auth.accounts.identifiers import normalize_email, normalize_username
from bokeh_auth.audit_log import AuditLog
from bokeh_auth.credentials.one_time_links import LOGIN, REGISTER, OneTimeLink, OneTimeLinks
from bokeh_auth.login.remembered_browsers import RememberedBrowsers
from bokeh_auth.login.sessions import Sessions
from bokeh_auth.mail.outbox import Outbox
from bokeh_auth.rate_limits import RateLimits
from bokeh_common.errors import NotFound
from bokeh_common.http.rate_limits import Allowance


class Login:
    """Registration and login."""

    def __init__(
        self,
        accounts: Accounts,
        links: OneTimeLinks,
        browsers: RememberedBrowsers,
        sessions: Sessions,
        outbox: Outbox,
        limits: RateLimits,
        audit: AuditLog,
        wake: Callable[[], None],
    ) -> None:
        """Create the login; `wake` is called when a message has been added to the outbox."""
        self._accounts = accounts
        self._links = links
        self._browsers = browsers
        self._sessions = sessions
        self._outbox = outbox
        self._limits = limits
        self._audit = audit
        self._wake = wake

    def send_registration_link(self, email: object, username: object, client_address: str) -> list[Allowance]:
        """Send a link that creates an account; return how many more the client may request.

        Args:
            email: the address.
            username: the username of the new account.
            client_address: the network address of the client.

        Raises:
            Invalid: the address or the username is not valid.
            TooManyRequests: there were too many such requests from this client, or for this address.
        """
        address, name = normalize_email(email), normalize_username(username)
        left = self._limits.count_mail(client_address, address)
        self._outbox.add(REGISTER, address, name)
        self._wake()
        self._audit.log("register", name, client_address, "asked")
        return left

    def send_login_link(self, email: object, client_address: str, browser: str = "") -> list[Allowance]:
        """Send a login link; result and errors are those of `send_registration_link`.

        Args:
            email: the address.
            client_address: the network address of the client.
            browser: the token of a remembered browser, which has a limit of its own.
        """
        address = normalize_email(email)
        known = self._browsers.find(browser, address)
        if known is None:
            left = self._limits.count_mail(client_address, address)
        else:
            left = self._limits.count_mail_of_browser(known, address)
        self._outbox.add(LOGIN, address, "")
        self._wake()
        self._audit.log("login", "", client_address, "asked")
        return left

    def peek(self, token: str) -> OneTimeLink:
        """Return what a link is for, without using it.

        Raises:
            NotFound: it does not exist, has been used, or has expired.
        """
        link = self._links.peek(token)
        if link is None or (link.purpose == LOGIN and self._owner(link) is None):
            raise _link_spent()
        return link

    def redeem(self, token: str, agent: str, client_address: str) -> tuple[str, str, str]:
        """Use a link; return the username, the token of a new session and that of the remembered browser.

        Raises:
            NotFound: the link does not exist, has been used or has expired, or its account does not exist any
                more.
            Conflict: the username was taken since the link was sent (`username-taken`), or the address has an
                account by now (`email-taken`).
            TooManyRequests: the link is not valid, as were too many others from this client.
        """
        link = self._links.redeem(token)
        if link is None:
            self._audit.log("login", "", client_address, "refused")
            self._limits.count_wrong_link(client_address)
            raise _link_spent()
        if link.purpose == REGISTER:
            account: Account | None = self._accounts.create(link.email, link.username)
        else:
            account = self._owner(link)
        if account is None:
            self._audit.log("login", link.username, client_address, "refused")
            raise _link_spent()
        self._audit.record(link.purpose, account.user_id, client_address, "done")
        session = self._sessions.start(account, agent)
        return account.user_id, session, self._browsers.remember(link.email)

    def _owner(self, link: OneTimeLink) -> Account | None:
        """Return the account of a login link; None if its owner has logged out everywhere since."""
        account = self._accounts.find_active(link.username)
        is_current = account is not None and (account.email, account.epoch) == (link.email, link.epoch)
        return account if is_current else None


def _link_spent() -> NotFound:
    detail = "This link was used already, or is too old. Ask for a new one."
    return NotFound(detail, slug="link-spent")
