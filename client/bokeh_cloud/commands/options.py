"""Options and arguments that several commands have."""

from collections.abc import Callable
from typing import Any

import click

from bokeh_cloud.errors import CloudError
from bokeh_cloud.server import connect

url = click.option(
    "--url",
    metavar="URL",
    help="Server or nickname; default: BOKEH_CLOUD_URL, the cloud you logged in to, or localhost:5006.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Print the URL only.")
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _complete_name(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    try:
        plots = connect(context.params.get("url")).plots()
    except CloudError:  # shell completion cannot show errors
        return []
    return [plot.name for plot in plots if plot.name.startswith(incomplete)]


name: Decorator = click.argument("name", shell_complete=_complete_name)
