"""Messages: the emails, made from templates for plain text and HTML.

Everything that comes from clients is put into headers by the standard library, which rejects line breaks, and
into HTML by Jinja2, which escapes it.
"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from bokeh_auth.accounts.accounts import Accounts
from bokeh_auth.credentials.one_time_links import LOGIN, REGISTER, OneTimeLinks
from bokeh_auth.mail.outbox import QueuedMessage

#: The templates, and the subjects of their messages.
SUBJECTS = {
    "confirm": "Confirm your Bokeh Cloud account",
    "login": "Sign in to Bokeh Cloud",
    "account_exists": "You have a Bokeh Cloud account already",
    "username_taken": "Choose another username for Bokeh Cloud",
}


class MessageWriter:
    """Writes messages."""

    def __init__(self, accounts: Accounts, links: OneTimeLinks, url: str, sender: str) -> None:
        """Create the writer; `url` is the public URL of the cloud, `sender` the address of its mail."""
        self._accounts = accounts
        self._links = links
        self._url = url.rstrip("/")
        self._sender = Address("Bokeh Cloud", addr_spec=sender)
        self._templates = Environment(
            loader=PackageLoader("bokeh_auth"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            keep_trailing_newline=True,
        )

    def write(self, queued: QueuedMessage) -> EmailMessage | None:
        """Return a message; None if there is nothing to send, since the address has no account."""
        email, account = queued.email, self._accounts.of_email(queued.email)
        if queued.purpose == LOGIN:
            if account is None or not account.active:
                return None  # the client does not learn this, and addresses without an account get no mail
            link = self._link(LOGIN, email, account.user_id, account.epoch)
            return self._message("login", email, account.user_id, link)
        if account is not None:
            return self._message("account_exists", email, account.user_id, f"{self._url}/login")
        if self._accounts.find(queued.username) is not None:
            return self._message("username_taken", email, queued.username, f"{self._url}/register")
        link = self._link(REGISTER, email, queued.username)
        return self._message("confirm", email, queued.username, link)

    def _link(self, purpose: str, email: str, user: str, epoch: int = 0) -> str:
        return f"{self._url}/login/{self._links.create(purpose, email, user, epoch)}"

    def _message(self, template: str, email: str, user: str, link: str) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = SUBJECTS[template]
        message["From"] = self._sender
        message["To"] = Address(addr_spec=email)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=urlsplit(self._url).hostname)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents out-of-office replies
        values = {"user": user, "link": link, "cloud": self._url}
        message.set_content(self._templates.get_template(f"{template}.txt").render(values))
        page = self._templates.get_template(f"{template}.html").render(values)
        message.add_alternative(page, subtype="html")
        return message
