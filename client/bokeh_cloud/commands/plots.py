"""`plots`, `show`, `versions`, `rollback`, `rm`: what is published."""

import re
from typing import Any

import click

from ..plot import Plot
from ..server import connect
from . import options
from .printing import echo_fields, echo_list

VERSIONED = re.compile(r"(?P<name>.+)@(?P<version>[1-9]\d*)")


@click.command()
@options.url
@options.as_json
def plots(url: str | None, as_json: bool) -> None:
    """List your plots."""
    found = [described(plot) for plot in connect(url).plots()]
    echo_list(found, as_json, ("name", "version", "visibility", "modified", "url"), "No plots yet.")


@click.command()
@options.name
@click.option("--open", "opens", is_flag=True, help="Open its page in the browser.")
@options.url
@options.as_json
@options.quiet
def show(name: str, opens: bool, url: str | None, as_json: bool, quiet: bool) -> None:
    """Show the facts of the plot NAME, or of NAME@VERSION."""
    wanted = VERSIONED.fullmatch(name)
    plot = connect(url).plot(wanted["name"] if wanted else name)
    if wanted:
        plot = plot.at(int(wanted["version"]))
    if quiet:
        click.echo(plot.url)
    else:
        echo_fields(described(plot), as_json)
    if opens:
        click.launch(plot.url)


@click.command()
@options.name
@options.url
@options.as_json
def versions(name: str, url: str | None, as_json: bool) -> None:
    """List the versions of the plot NAME, newest first."""
    found = [
        {"version": item.version, "created": item.created} for item in connect(url).plot(name).versions()
    ]
    echo_list(found, as_json, ("version", "created"), "No versions.")


@click.command()
@options.name
@click.argument("version", type=click.IntRange(min=1))
@options.url
@options.quiet
def rollback(name: str, version: int, url: str | None, quiet: bool) -> None:
    """Go back to a VERSION of the plot NAME.

    This makes a new version that shows what VERSION showed.
    """
    plot = connect(url).plot(name).rollback(version)
    click.echo(
        plot.url if quiet else f"{name} is at version {plot.version}, as version {version} was: {plot.url}"
    )


@click.command()
@click.argument("plot")
@click.option("--name", help="What to call the copy; default: as PLOT is called.")
@options.url
@options.quiet
def clone(plot: str, name: str | None, url: str | None, quiet: bool) -> None:
    """Copy a plot into your account.

    PLOT is the address of somebody's plot, or the name of yours.
    """
    server = connect(url)
    copy = server.clone(plot, name) if "://" in plot else server.plot(plot).clone(name)
    click.echo(copy.url if quiet else f"{copy.name}, version {copy.version}: {copy.url}")


@click.command()
@options.name
@options.url
@options.yes
def rm(name: str, url: str | None, yes: bool) -> None:
    """Delete the plot NAME, all its versions and its share links."""
    plot = connect(url).plot(name)
    if not yes:
        click.confirm(f"Delete {name} and its {len(plot.versions())} versions at {plot.url}?", abort=True)
    plot.delete()


def described(plot: Plot) -> dict[str, Any]:
    """Return what a program may want to know of a plot."""
    return {
        "id": plot.id,
        "name": plot.name,
        "title": plot.title,
        "version": plot.version,
        "visibility": plot.visibility,
        "url": plot.url,
        "embed_url": plot.embed_url,
        "created": plot.created,
        "modified": plot.modified,
    }
