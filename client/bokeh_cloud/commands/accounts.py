"""`register`, `login`, `logout`, `whoami`: who one is, and where."""

import sys

import click

from ..config import CloudFile, Configuration
from ..errors import CloudError, NotPermitted
from ..server import Server, connect
from . import options
from .printing import echo_fields


@click.command()
@click.argument("email")
@click.argument("username")
@options.url
def register(email: str, username: str, url: str | None) -> None:
    """Ask for an account called USERNAME.

    A link to confirm it goes to EMAIL.
    """
    connect(url).register(email, username)


@click.command()
@click.argument("url", required=False)
@click.option("--keyring/--no-keyring", default=None, help="Keep the key in the operating system's keyring.")
def login(url: str | None, keyring: bool | None) -> None:
    """Keep the URL of your cloud and an API key in cloud.cfg.

    The key is asked for, or read from a pipe; one is made on the account page. A server without accounts
    needs none. Without URL, the cloud that you logged in to before gets a new key.
    """
    configuration = Configuration.load()
    address = configuration.cloud_address(url, None)
    if _is_keyless(address.url):
        CloudFile(address.url, "local").save(configuration.folder)
        click.echo(f"{address.url} is your cloud from now on. It has no accounts, so it needs no key.")
        return
    if sys.stdin.isatty():
        click.echo(f"Make an API key at {address.url}/account and paste it here.", err=True)
        key = click.prompt("API key", hide_input=True, err=True)
    else:
        key = sys.stdin.readline()
    if not key.strip():
        raise NotPermitted("No API key was given.")
    username = Server(address.url, apikey=key).user_id
    in_keyring = configuration.general.keyring if keyring is None else keyring
    CloudFile(address.url, username, key.strip(), in_keyring).save(configuration.folder)
    click.echo(f"Logged in to {address.url} as {username}.")


def _is_keyless(url: str) -> bool:
    try:
        return bool(Server(url).whoami()["keyless"])
    except NotPermitted:
        return False


@click.command()
def logout() -> None:
    """Forget the API key in cloud.cfg. It stays valid: `bokeh-cloud keys revoke` ends it for good."""
    configuration = Configuration.load()
    if configuration.cloud is None:
        raise CloudError("You are not logged in: there is no cloud.cfg.")
    configuration.cloud.forget_key(configuration.folder)


@click.command()
@options.url
@options.as_json
def whoami(url: str | None, as_json: bool) -> None:
    """Show the server, the account and what the API key may do."""
    server = connect(url)
    found = server.whoami()
    echo_fields({"url": server.url, "account": found["user_id"], "scopes": found["scopes"]}, as_json)
