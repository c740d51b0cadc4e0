"""Asks a server for an account. The rest is in a browser: the link in the email, and the first API key."""

import sys

from .connection import Connection
from .errors import CloudError, NotFound
from .progress import in_notebook

NEXT = """\
If that can be done, an email is on its way to {email}.
  1. Open the link in it: that makes the account {username!r}, and signs you in.
  2. Make an API key at {url}/account
  3. Tell this computer: bokeh-cloud login {url}
Later you sign in at {url}/login"""


def register(connection: Connection, email: str, username: str, *, quiet: bool = False) -> str:
    """Ask for an account, print what to do next (unless `quiet`), and return it.

    The answer is the same whether or not the address or the name is known: nobody shall learn that here.

    Raises:
        CloudError: this session is not interactive; or see `Connection.request`.
    """
    if not is_interactive():
        raise CloudError(
            "Registering needs a person who opens an email, and this program runs without one: "
            f"register at {connection.url}/register, then set BOKEH_CLOUD_URL and BOKEH_CLOUD_API_KEY."
        )
    try:
        connection.json("POST", "/register", json={"email": email, "username": username})
    except NotFound:
        message = f"{connection.url} has no accounts: publish there without a key, nothing else is needed."
        raise CloudError(message) from None
    text = NEXT.format(email=email, username=username, url=connection.url)
    if not quiet:
        print(text)  # noqa: T201 - to tell a person is what it is for
    return text


def is_interactive() -> bool:
    """Tell whether a person sits there: a terminal, `python -i`, or a notebook."""
    return sys.stdin.isatty() or bool(sys.flags.interactive) or in_notebook()
