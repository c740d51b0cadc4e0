"""Options and arguments that several commands have."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from bokeh_cloud.errors import CloudError
from bokeh_cloud.server import Server, connect

url = click.option(
    "--url",
    metavar="URL",
    help="Server or nickname; default: BOKEH_CLOUD_URL, the cloud you logged in to, or localhost:5006.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Print the URL only.")
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


#: Returns the suggestions for an argument, of the server that the command will use.
Suggest = Callable[[Server], Iterable[str]]


def complete(suggest: Suggest) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return a completion of shells; errors, which it cannot show, suggest nothing."""

    def complete_word(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        try:
            found = list(suggest(connect(context.params.get("url"))))
        except CloudError:
            return []
        return [word for word in found if word.startswith(incomplete)]

    return complete_word


name: Decorator = click.argument(
    "name", shell_complete=complete(lambda server: (plot.name for plot in server.plots()))
)
source: Decorator = click.argument(
    "name", shell_complete=complete(lambda server: (str(source.name) for source in server.data()))
)
#: A key cannot grant more than the key in use, so its scopes are the suggestions.
scopes = click.option(
    "--scope", "scopes", metavar="SCOPE", multiple=True,
    help="A scope; can be repeated. These replace the default ones, which are for publishing.",
    shell_complete=complete(lambda server: server.whoami()["scopes"]),
)  # fmt: skip
