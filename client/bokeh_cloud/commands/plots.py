"""Commands for published plots: listing, changing, copying and deleting them."""

import re
from typing import Any

import click

from bokeh_cloud.commands import options
from bokeh_cloud.commands.output import echo_fields, echo_list
from bokeh_cloud.config.general import VISIBILITIES
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.server import connect

NAME_WITH_VERSION = re.compile(r"(?P<name>.+)@(?P<version>[1-9]\d*)")


@click.command()
@options.url
@options.as_json
def plots(url: str | None, as_json: bool) -> None:
    """List your plots."""
    found = [plot_fields(plot) for plot in connect(url).plots()]
    echo_list(found, as_json, ("name", "version", "visibility", "modified", "url"), "No plots yet.")


@click.command()
@options.name
@click.option("--open", "opens", is_flag=True, help="Open its page in the browser.")
@options.url
@options.as_json
@options.quiet
def show(name: str, opens: bool, url: str | None, as_json: bool, quiet: bool) -> None:
    """Show the properties of the plot NAME, or of NAME@VERSION."""
    match = NAME_WITH_VERSION.fullmatch(name)
    plot = connect(url).plot(match["name"] if match else name)
    if match:
        plot = plot.at(int(match["version"]))
    if quiet:
        click.echo(plot.url)
    else:
        echo_fields(plot_fields(plot), as_json)
    if opens:
        click.launch(plot.url)


@click.command()
@options.name
@options.url
@options.as_json
def versions(name: str, url: str | None, as_json: bool) -> None:
    """List the versions of the plot NAME, newest first."""
    found = connect(url).plot(name).versions()
    fields = [{"version": item.version, "created": item.created} for item in found]
    echo_list(fields, as_json, ("version", "created"), "No versions.")


@click.command()
@options.name
@click.argument("version", type=click.IntRange(min=1))
@options.url
@options.quiet
def rollback(name: str, version: int, url: str | None, quiet: bool) -> None:
    """Go back to a VERSION of the plot NAME.

    This creates a new version with the contents of VERSION.
    """
    plot = connect(url).plot(name).rollback(version)
    message = f"{name} is now at version {plot.version}, which is the same as version {version}: {plot.url}"
    click.echo(plot.url if quiet else message)


@click.command()
@click.argument("plot")
@click.option("--name", help="Name of the copy; default: that of PLOT.")
@options.url
@options.quiet
def clone(plot: str, name: str | None, url: str | None, quiet: bool) -> None:
    """Copy a plot into your account.

    PLOT is the URL of any plot that you can open, or the name of one of yours.
    """
    server = connect(url)
    copy = server.clone(plot, name) if "://" in plot else server.plot(plot).clone(name)
    click.echo(copy.url if quiet else f"{copy.name}, version {copy.version}: {copy.url}")


@click.command()
@options.name
@click.argument("new_name")
@options.url
@options.quiet
def rename(name: str, new_name: str, url: str | None, quiet: bool) -> None:
    """Give the plot NAME another name.

    Its URL stays. It is still found by NAME, and publishing under NAME makes a version of it.
    """
    plot = connect(url).plot(name).rename(new_name)
    click.echo(plot.url if quiet else f"{name} is now {plot.name}: {plot.url}")


@click.command()
@options.name
@click.argument("visibility", type=click.Choice(VISIBILITIES))
@click.option("--with-history", "history", is_flag=True, help="Let others see old versions, too.")
@options.url
@options.quiet
def visibility(name: str, visibility: str, history: bool, url: str | None, quiet: bool) -> None:
    """Set who can see the plot NAME.

    That is only you, anyone with its URL (link), or everyone (public). Others see the newest version only,
    unless --with-history is given.
    """
    if history and visibility == "private":
        raise click.UsageError("No one else sees a private plot: leave out --with-history.")
    plot = connect(url).plot(name).set_visibility(visibility, history=history)
    added = " with history" if plot.history else ""
    click.echo(plot.url if quiet else f"{name} is {plot.visibility}{added}: {plot.url}")


@click.command()
@options.name
@click.argument("title")
@options.url
def title(name: str, title: str, url: str | None) -> None:
    """Set the TITLE of the plot NAME."""
    connect(url).plot(name).title = title


@click.command()
@options.name
@click.argument("text")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A tag, in place of those it has.")
@options.url
def describe(name: str, text: str, tags: tuple[str, ...], url: str | None) -> None:
    """Set the description of the plot NAME, which its page shows."""
    changes = {"description": text, **({"tags": list(tags)} if tags else {})}
    connect(url).plot(name).change(**changes)


@click.command()
@options.name
@click.option("--version", type=click.IntRange(min=1), help="Delete this version only; not the newest.")
@options.url
@options.yes
def rm(name: str, version: int | None, url: str | None, yes: bool) -> None:
    """Delete the plot NAME, all its versions and its share links.

    With --version, delete an old version only.
    """
    plot = connect(url).plot(name)
    if version is not None:
        if not yes:
            click.confirm(f"Delete version {version} of {name} at {plot.url}?", abort=True)
        plot.delete_version(version)
        return
    if not yes:
        count = len(plot.versions())
        versions = "its only version" if count == 1 else f"its {count} versions"
        click.confirm(f"Delete {name} and {versions} at {plot.url}?", abort=True)
    plot.delete()


def plot_fields(plot: Plot) -> dict[str, Any]:
    """Return the properties of a plot that commands print."""
    return {
        "id": plot.id,
        "name": plot.name,
        "title": plot.title,
        "description": plot.description,
        "tags": plot.tags,
        "version": plot.version,
        "visibility": plot.visibility,
        "history": plot.history,
        "url": plot.url,
        "embed_url": plot.embed_url,
        "created": plot.created,
        "modified": plot.modified,
    }
