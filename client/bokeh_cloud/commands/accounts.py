"""`register`, `login`, `logout`, `whoami`: the account and the cloud that commands use."""

import sys

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_fields
from bokeh_cloud.config import CloudFile, Configuration
from bokeh_cloud.errors import CloudError, NotPermitted
from bokeh_cloud.server import Server, connect


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
@click.option("--keyring/--no-keyring", default=None, help="Keep the key in the operating system's keyring.")
def login(url: str | None, keyring: bool | None) -> None:
    """Store the URL of your cloud and an API key in cloud.cfg.

    The key is asked for, or read from a pipe; create it on the account page. A server without accounts needs
    no key. Without URL, the key of the cloud that you are logged in to is replaced.
    """
    configuration = Configuration.load()
    address = configuration.cloud_address(url, None)
    if _is_keyless(address.url):
        CloudFile(address.url, "local").save(configuration.folder)
        click.echo(f"{address.url} is your cloud now. It has no accounts, so it needs no key.")
        return
    if sys.stdin.isatty():
        click.echo(f"Create an API key at {address.url}/account and paste it here.", err=True)
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
