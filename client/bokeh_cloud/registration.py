"""Requests an account. The user does the rest in a browser: the confirmation link, and the first API key."""

import sys

from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import CloudError, NotFound
from bokeh_cloud.progress import in_notebook

NEXT_STEPS = """\
If the address and the username can be registered, an email to {email} is on its way.
  1. Open the link in it: that creates the account {username!r}, and logs you in.
  2. Create an API key at {url}/account
  3. Store it on this computer: bokeh-cloud login {url}
From then on, you log in at {url}/login"""


def register(connection: Connection, email: str, username: str, *, quiet: bool = False) -> str:
    """Request an account, print the next steps (unless `quiet`), and return them.

    The response does not reveal whether the email address or the username is registered already.

    Raises:
        CloudError: this session is not interactive; or see `Connection.request`.
    """
    if not is_interactive():
        raise CloudError(
            "Registration needs a user who opens an email, and this program does not run interactively: "
            f"register at {connection.url}/register, then set BOKEH_CLOUD_URL and BOKEH_CLOUD_API_KEY."
        )
    try:
        connection.json("POST", "/register", json={"email": email, "username": username})
    except NotFound:
        message = f"{connection.url} has no accounts: publish there without an API key."
        raise CloudError(message) from None
    text = NEXT_STEPS.format(email=email, username=username, url=connection.url)
    if not quiet:
        print(text)  # noqa: T201 - the output of an interactive function
    return text


def is_interactive() -> bool:
    """Return whether there is a user: in a terminal, in `python -i`, or in a notebook."""
    return sys.stdin.isatty() or bool(sys.flags.interactive) or in_notebook()
