"""Options and arguments that several commands have."""

from collections.abc import Callable
from typing import Any

import click

from ..errors import CloudError
from ..server import connect

url = click.option(
    "--url",
    metavar="URL",
    help="Server or nickname; default: BOKEH_CLOUD_URL, the cloud you logged in to, or localhost:5006.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Print the URL alone.")
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    try:
        return [
            plot.name
            for plot in connect(context.params.get("url")).plots()
            if plot.name.startswith(incomplete)
        ]
    except CloudError:  # a shell that completes has nowhere to say it
        return []


name: Decorator = click.argument("name", shell_complete=_names)
