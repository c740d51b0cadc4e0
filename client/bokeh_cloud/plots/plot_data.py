"""The data sources of a plot."""

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
    names = [str(source.name) for source in sources]
    for source in sources:
        full = str(source.name)
        if name in (full, full.removeprefix(f"{plot}/"), source.source_id):
            return source
    if name is None and len(sources) == 1:
        return sources[0]
    listed = ", ".join(map(repr, names)) or "none"
    what = f"no data source {name!r}" if name is not None else f"{len(sources)} data sources"
    raise NotFound(f"The plot {plot!r} has {what}; choose one of its sources: {listed}.", 404)
