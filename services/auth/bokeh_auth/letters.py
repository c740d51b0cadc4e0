"""What the emails say: templates, a text and a page each.

Everything that comes from outside is put into headers by the standard library, which refuses line breaks, and
into pages by Jinja2, which escapes it.
"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from bokeh_auth.accounts import Accounts
from bokeh_auth.links import LOGIN, REGISTER, Links
from bokeh_auth.outbox import Note

#: The templates, and the subjects of their mails.
SUBJECTS = {
    "confirm": "Confirm your Bokeh Cloud account",
    "login": "Sign in to Bokeh Cloud",
    "known": "You have a Bokeh Cloud account already",
    "taken": "Choose another username for Bokeh Cloud",
}


class Letters:
    """Writes the mails."""

    def __init__(self, accounts: Accounts, links: Links, url: str, sender: str) -> None:
        """Take the cloud's public URL, and the address that its mail comes from."""
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

    def write(self, note: Note) -> EmailMessage | None:
        """Return the mail that a note asks for; None where there is nobody to sign in."""
        known = self._accounts.of_email(note.email)
        if note.purpose == LOGIN:
            if known is None or not known.active:
                return None  # who asked is not told, and strangers get no mail
            return self._letter(
                "login", note.email, known.user_id, self._link(LOGIN, note.email, known.user_id, known.epoch)
            )
        if known is not None:
            return self._letter("known", note.email, known.user_id, f"{self._url}/login")
        if self._accounts.find(note.username) is not None:
            return self._letter("taken", note.email, note.username, f"{self._url}/register")
        link = self._link(REGISTER, note.email, note.username)
        return self._letter("confirm", note.email, note.username, link)

    def _link(self, purpose: str, email: str, user: str, epoch: int = 0) -> str:
        return f"{self._url}/login/{self._links.make(purpose, email, user, epoch)}"

    def _letter(self, template: str, email: str, user: str, link: str) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = SUBJECTS[template]
        message["From"] = self._sender
        message["To"] = Address(addr_spec=email)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=urlsplit(self._url).hostname)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office replies stay away
        values = {"user": user, "link": link, "cloud": self._url}
        message.set_content(self._templates.get_template(f"{template}.txt").render(values))
        page = self._templates.get_template(f"{template}.html").render(values)
        message.add_alternative(page, subtype="html")
        return message
