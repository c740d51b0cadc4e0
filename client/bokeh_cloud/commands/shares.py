"""`share`, `shares`, `unshare`: share links of a plot."""

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_list
from bokeh_cloud.server import connect

COLUMNS = ("id", "created", "expires", "history", "origins")


@click.command()
@options.name
@click.option("--expires", metavar="WHEN", help="7d, 12h, 2027-01-31 ...; default: that of the server.")
@click.option(
    "--origin", "origins", metavar="URL", multiple=True, help="Site that may embed it; default: any."
)
@click.option("--with-history", "history", is_flag=True, help="Let it open old versions, too.")
@options.url
@options.quiet
def share(
    name: str, expires: str | None, origins: tuple[str, ...], history: bool, url: str | None, quiet: bool
) -> None:
    """Create a share link, with which anyone can open the plot NAME.

    It opens the newest version only, unless --with-history is given. It cannot be printed again. A server
    without accounts has no share links: start it with --accounts to share plots.
    """
    link = connect(url).plot(name).share(expires, origins, history=history)
    click.echo(link.url if quiet else f"{link.url}\n(`bokeh-cloud unshare {name!r} {link.id}` revokes it.)")


@click.command()
@options.name
@options.url
@options.as_json
def shares(name: str, url: str | None, as_json: bool) -> None:
    """List the share links of the plot NAME."""
    links = connect(url).plot(name).shares()
    found = [{column: getattr(link, column) for column in COLUMNS} for link in links]
    echo_list(found, as_json, COLUMNS, "No share links.")


@click.command()
@options.name
@click.argument("ids", nargs=-1)
@click.option("--all", "revoke_all", is_flag=True, help="Revoke all of them.")
@options.url
def unshare(name: str, ids: tuple[str, ...], revoke_all: bool, url: str | None) -> None:
    """Revoke share links of the plot NAME.

    IDS are those that `shares` lists.
    """
    if bool(ids) == revoke_all:
        raise click.UsageError("Give the ids of share links, or --all.")
    links = {link.id: link for link in connect(url).plot(name).shares()}
    if unknown := [link_id for link_id in ids if link_id not in links]:
        raise click.UsageError(
            f"{name} has no share link {', '.join(unknown)}; `bokeh-cloud shares` lists them."
        )
    for link_id in ids or links:
        links[link_id].revoke()
