"""`share`, `shares`, `unshare`: links with which others may look at a private plot."""

import click

from ..server import connect
from . import options
from .printing import echo_list

COLUMNS = ("id", "created", "expires", "origins")


@click.command()
@options.name
@click.option("--expires", metavar="WHEN", help="7d, 12h, 2027-01-31 ...; default: never.")
@click.option(
    "--origin", "origins", metavar="URL", multiple=True, help="Site that may embed it; default: any."
)
@options.url
@options.quiet
def share(name: str, expires: str | None, origins: tuple[str, ...], url: str | None, quiet: bool) -> None:
    """Make a link to the plot NAME, for people without an account. It is shown once."""
    made = connect(url).plot(name).share(expires, origins)
    click.echo(made.url if quiet else f"{made.url}\n(`bokeh-cloud unshare {name!r} {made.id}` ends it.)")


@click.command()
@options.name
@options.url
@options.as_json
def shares(name: str, url: str | None, as_json: bool) -> None:
    """List the share links of the plot NAME."""
    found = [
        {column: getattr(item, column) for column in COLUMNS} for item in connect(url).plot(name).shares()
    ]
    echo_list(found, as_json, COLUMNS, "No share links.")


@click.command()
@options.name
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="End all of them.")
@options.url
def unshare(name: str, ids: tuple[str, ...], everything: bool, url: str | None) -> None:
    """End share links of the plot NAME.

    IDS are those that `shares` lists.
    """
    if bool(ids) == everything:
        raise click.UsageError("Give the ids of links, or --all.")
    plot = connect(url).plot(name)
    found = {item.id: item for item in plot.shares()}
    if unknown := [item for item in ids if item not in found]:
        raise click.UsageError(
            f"{name} has no share link {', '.join(unknown)}; `bokeh-cloud shares` lists them."
        )
    for item in ids or found:
        found[item].revoke()
