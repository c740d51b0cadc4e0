"""The commands of the server, which is another distribution: whether it is installed, and how to get it."""

from importlib.metadata import entry_points

import click

ENTRY_POINT_GROUP = "bokeh_cloud.commands"

#: Commands that come with the server.
SERVER_COMMANDS = ("admin", "serve", "storage")

SOURCE = "the source code of Bokeh Cloud: get a copy of it, and run `make run` there"


def url_argument() -> str:
    """Return how a program or a command names the server."""
    return "--url" if click.get_current_context(silent=True) else "the url argument"


def force_argument() -> str:
    """Return how a program or a command deletes what is in use."""
    return "--force" if click.get_current_context(silent=True) else "delete(force=True)"


def how_to_serve() -> str:
    """Return how a server is started on this computer, as the end of a sentence."""
    if entry_points(group=ENTRY_POINT_GROUP, name="serve"):
        return "`bokeh-cloud serve` starts a server here"
    return f"a server comes with {SOURCE}"


def missing_command(name: str) -> str:
    """Return why a command of the server is missing, and how to get it."""
    return f"`bokeh-cloud {name}` comes with the server, which is not installed here. It is part of {SOURCE}."
