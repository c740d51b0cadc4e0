"""The data sources of a plot."""

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

from bokeh_cloud.account import AccountClient
from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import NotFound

if TYPE_CHECKING:  # importing Bokeh takes half a second
    from bokeh_cloud.data.sources import RemoteDataSource


def plot_sources(connection: Connection, user: str, path: str, version: int) -> "list[RemoteDataSource]":
    """Return the data sources of a version of a plot, each once.

    Args:
        connection: to the server.
        user: the account of the plot.
        path: of the plot in the API.
        version: of the plot.
    """
    from bokeh_cloud.data.source_client import SourceClient
    from bokeh_cloud.data.sources import RemoteDataSource

    account = AccountClient(connection, user)
    used = connection.json("GET", f"{path}/data?version={version}")["sources"]
    found = []
    for source_id in dict.fromkeys(source["id"] for source in used):
        response = connection.request("GET", f"/{quote(user)}/data/{quote(source_id)}")
        client = SourceClient(account, connection.decode(response), response.headers.get("ETag"))
        found.append(RemoteDataSource(client))
    return found


def choose_source(sources: "list[RemoteDataSource]", plot: str, name: str | None) -> "RemoteDataSource":
    """Return the data source of a plot with a name or an id; the only one for None.

    The name may be that of the source on the server, or of the `ColumnDataSource` that was published.

    Raises:
        NotFound: there is no such source, or there are several.
    """
    found = [source for source in sources if name is None or name in _names_of(source)]
    if len(found) == 1:
        return found[0]
    what = f"{len(found) or 'no'} data source{'s' * (len(found) > 1)}"
    what += f" {name!r}" if name is not None else ""
    raise NotFound(
        f"The plot {plot!r} has {what}; choose one of its sources: {_list_sources(found or sources)}.", 404
    )


def _names_of(source: "RemoteDataSource") -> tuple[str, ...]:
    """Return what a source can be called: a frozen one is named by the first plot with these columns."""
    name = str(source.name)
    return name, name if source.live else name.partition("/")[2], source.source_id


def _list_sources(sources: "list[RemoteDataSource]") -> str:
    """Return the names of sources; those of equal names by their ids."""
    names = Counter(source.name for source in sources)
    unique = [
        repr(source.name) if names[source.name] == 1 else f"{source.source_id!r} ({source.name})"
        for source in sources
    ]
    return ", ".join(unique) or "none"
