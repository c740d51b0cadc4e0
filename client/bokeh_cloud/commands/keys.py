"""`keys list|create|revoke`: API keys of the account."""

from dataclasses import asdict

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_fields, echo_list
from bokeh_cloud.server import connect

COLUMNS = ("id", "name", "scopes", "created", "expires", "used")


@click.group()
def keys() -> None:
    """Manage the API keys of the account.

    The API key in use needs the scope keys:write.
    """


@keys.command("list")
@options.url
@options.as_json
def list_(url: str | None, as_json: bool) -> None:
    """List the keys, without their secrets."""
    found = [{column: getattr(key, column) for column in COLUMNS} for key in connect(url).keys]
    echo_list(found, as_json, COLUMNS, "No keys.")


@keys.command()
@click.argument("name")
@options.scopes
@click.option("--expires", metavar="WHEN", help="90d, 2027-01-31 ...; default: never.")
@options.url
@options.as_json
@click.option("--quiet", "-q", is_flag=True, help="Print the key only.")
def create(
    name: str, scopes: tuple[str, ...], expires: str | None, url: str | None, as_json: bool, quiet: bool
) -> None:
    """Create a key called NAME, and print it. It cannot be printed again."""
    key = connect(url).keys.create(name, scopes, expires)
    if quiet:
        click.echo(key.secret)
        return
    fields = asdict(key)
    echo_fields({"key": fields.pop("secret"), **fields}, as_json)


@keys.command()
@click.argument("key")
@options.url
def revoke(key: str, url: str | None) -> None:
    """Revoke a key.

    KEY is its id, or its name if no other key has that.
    """
    connect(url).keys.revoke(key)
