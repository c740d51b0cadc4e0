"""`register`, `login`, `logout`, `whoami`: the account and the cloud that commands use."""

import sys

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_fields
from bokeh_cloud.config import CloudFile, Configuration
from bokeh_cloud.device_login import is_keyless, log_in_program, store_key
from bokeh_cloud.errors import CloudError, NotPermitted
from bokeh_cloud.server import connect


@click.command()
@click.argument("email")
@click.argument("username")
@options.url
def register(email: str, username: str, url: str | None) -> None:
    """Request an account called USERNAME.

    A link to confirm it is sent to EMAIL.
    """
    connect(url).register(email, username)


@click.command()
@click.argument("url", required=False)
@click.option("--paste", is_flag=True, help="Ask for a key that you have created, instead of a browser.")
@click.option("--keyring/--no-keyring", default=None, help="Keep the key in the operating system's keyring.")
@options.scopes
def login(url: str | None, paste: bool, keyring: bool | None, scopes: tuple[str, ...]) -> None:
    """Log in to your cloud, and store an API key in cloud.cfg.

    A code and an address are shown: allow the login there, in a browser in which you are signed in. With
    --paste, or from a pipe, a key of the account page is read instead. A server without accounts needs none.
    Without URL, the key of the cloud that you are logged in to is replaced.
    """
    configuration = Configuration.load()
    address = configuration.cloud_address(url, None)
    if is_keyless(address.url, configuration):
        CloudFile(address.url, "local").save(configuration.folder)
        click.echo(f"{address.url} is your cloud now. It has no accounts, so it needs no key.")
        return
    key = _read_key(address.url, paste) or log_in_program(address.url, configuration, scopes=scopes)
    username = store_key(address.url, key, configuration, keyring)
    click.echo(f"Logged in to {address.url} as {username}.")


def _read_key(url: str, paste: bool) -> str | None:
    """Return the key that is pasted or piped; None if the user is to log in in a browser."""
    if not sys.stdin.isatty():
        key = sys.stdin.readline()
    elif paste:
        click.echo(f"Create an API key at {url}/account and paste it here.", err=True)
        key = click.prompt("API key", hide_input=True, err=True)
    else:
        return None
    if not key.strip() and not sys.stdin.isatty():
        raise NotPermitted(
            "Standard input is no terminal, so an API key was expected there, and there is none. Run this in "
            f"a terminal to log in in a browser; or create a key at {url}/account, and pipe it: "
            f"`bokeh-cloud login {url} < key.txt`."
        )
    if not key.strip():
        raise NotPermitted("No API key was given.")
    return key.strip()


@click.command()
def logout() -> None:
    """Remove the API key from cloud.cfg.

    The key remains valid until `bokeh-cloud keys revoke` revokes it.
    """
    configuration = Configuration.load()
    if configuration.cloud is None:
        raise CloudError("You are not logged in: there is no cloud.cfg.")
    configuration.cloud.forget_key(configuration.folder)


@click.command()
@options.url
@options.as_json
def whoami(url: str | None, as_json: bool) -> None:
    """Show the server, the account and the scopes of the API key."""
    server = connect(url)
    identity = server.whoami()
    fields = {"url": server.url, "account": identity["user_id"], "scopes": identity["scopes"]}
    echo_fields(fields, as_json)
