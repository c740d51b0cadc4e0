"""The page of the guide that lists all commands: examples, and what `--help` prints."""

import sys
from typing import Any

import click

from bokeh_cloud import cli
from bokeh_cloud.commands import COMMANDS

SETTINGS: Any = cli.main.context_settings

#: Commands that come with the server.
SERVER_COMMANDS = ("admin", "serve", "storage")

EXAMPLES = """
## Examples

```text
bokeh-cloud login https://plots.example.org          log in, in a browser
bokeh-cloud publish report.py --expires 7d           publish what a script shows, and print a share link
bokeh-cloud publish report.py --watch                publish again whenever the script changes
bokeh-cloud plots                                    list plots
bokeh-cloud title report "Weekly report"             change a title
bokeh-cloud visibility report link                   open a plot to anyone who has its URL
bokeh-cloud data put measurements.csv                store a file as a live data source
bokeh-cloud data get measurements --where "y > 2"    print rows of it
bokeh-cloud export backup && bokeh-cloud import backup
bokeh-cloud serve --accounts --log                   a server for several users, with a log of requests
bokeh-cloud admin users create ada@example.org ada   an account without a confirmation mail
bokeh-cloud admin users quota ada --bytes 10GB
bokeh-cloud admin adopt ada                          give ada the plots that were made without accounts
bokeh-cloud admin fsck                               check that all stored data are complete and intact
bokeh-cloud storage copy local:///var/lib/bokeh-cloud local:///backup/2027-01-31
```
"""


def commands_page() -> str:
    """Return the page; the server has to be installed."""
    parts = [
        "# Commands\n",
        cli.EPILOG.replace("\b\n", "").replace("Exit codes:\n", "Exit codes:\n\n```text\n") + "\n```",
        EXAMPLES,
    ]
    group = cli.main
    for name in sorted([*COMMANDS, *SERVER_COMMANDS]):
        with click.Context(group, info_name="bokeh-cloud", terminal_width=100, **SETTINGS) as context:
            command = group.get_command(context, name)
            assert command is not None
            parts += pages_of(command, context, name)
    return "\n".join(parts)


def pages_of(command: click.Command, parent: click.Context, name: str) -> list[str]:
    """Return the sections of a command, and of those of its group."""
    with click.Context(command, parent=parent, info_name=name, terminal_width=100) as context:
        title = f"## {context.command_path}\n"
        parts = [title, f"```text\n{command.get_help(context)}\n```\n"]
        if isinstance(command, click.Group):
            for sub in command.list_commands(context):
                inner = command.get_command(context, sub)
                assert inner is not None
                parts += pages_of(inner, context, sub)
    return parts


if __name__ == "__main__":
    sys.stdout.write(commands_page())
