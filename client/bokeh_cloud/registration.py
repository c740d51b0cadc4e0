"""Requests an account. The user does the rest in a browser: the confirmation link, and the first API key."""

from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import CloudError, NotFound

NEXT_STEPS = """\
If the address and the username can be registered, an email to {email} is on its way.
  1. Open the link in it: that creates the account {username!r}, and logs you in.
  2. Create an API key at {url}/account
  3. Store it on this computer: bokeh-cloud login {url}
From then on, you log in at {url}/login"""


def register(connection: Connection, email: str, username: str, *, quiet: bool = False) -> str | None:
    """Request an account, and print the next steps; with `quiet`, return them instead.

    The response does not reveal whether the email address or the username is registered already.

    Raises:
        CloudError: the server has no accounts; or see `Connection.request`.
    """
    try:
        connection.json("POST", "/register", json={"email": email, "username": username})
    except NotFound:
        message = f"{connection.url} has no accounts: publish there without an API key."
        raise CloudError(message) from None
    text = NEXT_STEPS.format(email=email, username=username, url=connection.url)
    if quiet:
        return text
    print(text)  # noqa: T201  # the output of the function; returned as well, a console would show it twice
    return None
