"""A server as a Python object: what a person calls."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from .collection import Collection
from .config import Address, Configuration
from .connection import Connection
from .errors import NotFound
from .keys import Keys
from .plot import Plot
from .registration import register

if TYPE_CHECKING:  # Bokeh takes half a second to import; a list of plots does without
    from .documents import Publishable
    from .sources import RemoteDataSource

CLOCK_TOLERANCE = 30  # seconds


class Server:
    """A Bokeh Cloud server.

    Args:
        url: its URL, or a nickname of `servers.cfg`; without it, that of `BOKEH_CLOUD_URL`, else the default
            one of `servers.cfg`, else http://localhost:5006.
        apikey: opens the account; without it, that of `BOKEH_CLOUD_API_KEY`, or the one that stands beside
            this URL in `cloud.cfg` or `servers.cfg`. A server on one's own computer may need none.

    Making one asks the network nothing.

    Raises:
        CloudError: the URL or the nickname is none.
        NotPermitted: the key would travel unencrypted to another computer.
    """

    def __init__(self, url: str | None = None, *, apikey: str | None = None):
        self._configuration = Configuration.load()
        self.connection = Connection(self._resolve(url, apikey), self._configuration.general.ca_bundle)

    def _resolve(self, url: str | None, apikey: str | None) -> Address:
        return self._configuration.server_address(url, apikey)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @property
    def url(self) -> str:
        """The server's URL, without a slash at its end."""
        return self.connection.url

    @cached_property
    def user_id(self) -> str:
        """The account that the key belongs to; `local` on a server without accounts."""
        return str(self.whoami()["user_id"])

    def whoami(self) -> dict[str, Any]:
        """Ask who one is: `user_id`, the key's `scopes`, and whether the server is `keyless`.

        Raises:
            CloudError: the server cannot be reached, or refused.
        """
        return dict(self.connection.json("GET", "/whoami"))

    def clock(self) -> str:
        """Compare this computer's clock with the server's: share links and keys end by the latter."""
        date = self.connection.request("GET", "/health/live").headers.get("Date")
        if date is None:
            return "the server tells no time"
        seconds = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
        return "right" if abs(seconds) < CLOCK_TOLERANCE else f"off by {seconds:.0f} s against the server's"

    def register(self, email: str, username: str, quiet: bool = False) -> str:
        """Ask for an account; see `registration.register`."""
        return register(self.connection, email, username, quiet=quiet)

    @property
    def keys(self) -> Keys:
        """The API keys of the account."""
        return Keys(self)

    @property
    def gc(self) -> Collection:
        """The garbage collector of the account."""
        return Collection(self)

    def publish(
        self, obj: "Publishable", name: str, *, title: str | None = None, thumbnail: bool | None = None
    ) -> Plot:
        """Publish a figure, a layout, a list of these, or a Document, and return where it is.

        The first time, `name` gets a URL, which it keeps: publishing under the same name makes a new version
        there, or none where nothing has changed. Only data that the server does not have are sent. Plots
        begin private, unless the configuration says otherwise.

        Args:
            obj: what to publish.
            name: of the plot.
            title: of the plot, in place of the figure's.
            thumbnail: whether to draw a picture for the list of plots, which takes seconds and needs what
                Bokeh's `export_png` needs; by the configuration when left out, which says no.

        Raises:
            NotPublishable: the object or the name cannot be a plot's, or a data source of this server has
                changes that were not committed; nothing was sent.
            CloudError: the server cannot be reached, or refused; the plot is as it was before.
        """
        from .documents import roots_of
        from .publishing import prepare
        from .sources import sources_in
        from .stored import publishing_to

        stored = sources_in({model for root in roots_of(obj) for model in root.references()})
        for source in stored:
            if source.is_at(self) and not source.changed:
                source.refresh()
        with publishing_to(self.url, self.user_id) if stored else nullcontext():
            publication = prepare(obj, name, title)
        summary = publication.send(self.connection, self.user_id, self._configuration.general.progress)
        plot = Plot(summary, self.connection)
        visibility = self._configuration.general.visibility
        if plot.version == 1 and not plot.unchanged and visibility != plot.visibility:
            plot.visibility = visibility
        if not plot.unchanged and (self._configuration.general.thumbnail if thumbnail is None else thumbnail):
            from .thumbnail import send

            send(self.connection, plot, obj, loud=thumbnail is True)
        return plot

    def plots(self) -> list[Plot]:
        """Return all plots of the account, by name.

        Raises:
            CloudError: the server cannot be reached, or refused.
        """
        pages = self.pages(f"/{quote(self.user_id)}/plots")
        return [Plot(summary, self.connection) for page in pages for summary in page["plots"]]

    def plot(self, name: str) -> Plot:
        """Return the plot of a name.

        Raises:
            NotFound: there is none; the message names similar ones.
        """
        from difflib import get_close_matches

        found = {plot.name: plot for plot in self.plots()}
        if name in found:
            return found[name]
        similar = ", ".join(get_close_matches(name, found, cutoff=0.5))
        hint = f"similar ones: {similar}" if similar else "`bokeh-cloud plots` lists those that there are"
        raise NotFound(f"There is no plot {name!r} on {self.url} ({hint}).", 404)

    def DataSource(self, name: str = "", /, frame: Any = None, **columns: Any) -> "RemoteDataSource":  # noqa: N802 - a class's name
        """Store columns as a data source that plots share, and return it; a name as of Bokeh's class.

        Args:
            name: what to call it; may be left out.
            frame: columns as a frame of pandas, or a dictionary; column names may be any.
            columns: arrays, lists or series by name.

        Raises:
            CloudError: a column holds what cannot be stored, or see `Connection.request`.
        """
        from .sources import create

        given = {} if frame is None else {str(column): frame[column] for column in frame}
        given = {**given, **columns}
        return create(self, name or ", ".join(given) or "empty", given)

    def put(
        self, file: "str | Path", name: str = "", *, append: bool = False, rollover: int | None = None,
        update: bool = False,
    ) -> "RemoteDataSource":  # fmt: skip
        """Store the columns of a file as a data source, or as a new version of the live one of this name.

        Args:
            file: CSV, Parquet, Arrow (file or stream), JSON lines, `.npy` or `.npz`, told by its ending.
            name: what to call it; as the file when left out.
            append: append the rows to the source of this name.
            rollover: with `append`, how many rows to keep; None for all.
            update: add or replace the file's columns, and leave the source's others.

        Raises:
            NotFound: there is no source to append to, or to update.
            CloudError: the file cannot be read, pyarrow is missing, or see `Connection.request`.
        """
        from .tables import put

        return put(self, Path(file), name, append=append, rollover=rollover, update=update)

    def data(self) -> "list[RemoteDataSource]":
        """Return the data sources of the account, made by `DataSource` or by publishing figures."""
        from .resource import Resource
        from .sources import RemoteDataSource

        pages = self.pages(f"/{quote(self.user_id)}/data")
        found = (Resource(self, summary, None) for page in pages for summary in page["sources"])
        return [RemoteDataSource(resource) for resource in found]

    def source(self, name: str) -> "RemoteDataSource":
        """Return the data source of an id or a name, the newest live one where several have it.

        Raises:
            NotFound: there is none.
        """
        found = [item for item in self.data() if name in (item.source_id, item.name)]
        if not found:
            raise NotFound(
                f"There is no data source {name!r} on {self.url}; see `bokeh-cloud data list`.", 404
            )
        return max(found, key=lambda item: (item.source_id == name, item.live, item.created)).refresh()

    def export(self, folder: "str | Path", names: Iterable[str] = ()) -> list[Plot]:
        """Write plots with all versions and data into a folder, see `archive.export`."""
        from .archive import export

        return export(self, Path(folder), names)

    def import_(self, folder: "str | Path") -> list[Plot]:
        """Publish what `export` wrote, see `archive.import_`."""
        from .archive import import_

        return import_(self, Path(folder))

    def clone(self, address: str, name: str | None = None) -> Plot:
        """Copy a plot that one may read into one's own account; see `cloning.clone`."""
        from .cloning import clone

        return clone(self.connection, address, name)

    def pages(self, path: str | None) -> Iterator[Any]:
        """Follow `Link: rel="next"` (RFC 8288). Only its path counts: the key goes to this server alone."""
        while path is not None:
            response = self.connection.request("GET", path)
            yield self.connection.decode(response)
            link = response.links.get("next", {}).get("url")
            path = urlsplit(link)._replace(scheme="", netloc="").geturl() if link else None


class Cloud(Server):
    """The cloud that `cloud.cfg` names (`bokeh-cloud login` writes it), or `BOKEH_CLOUD_URL`, or a URL.

    There is no default one. Everything else is as with `Server`.

    Raises:
        CloudError: none is set up; the message says how.
    """

    def _resolve(self, url: str | None, apikey: str | None) -> Address:
        return self._configuration.cloud_address(url, apikey)


def connect(url: str | None = None) -> Server:
    """Return what the command line means: the cloud if one is set up, else the server; or that of a URL."""
    configuration = Configuration.load()
    is_cloud = url is None and "BOKEH_CLOUD_URL" not in configuration.environ and configuration.cloud
    return Cloud() if is_cloud else Server(url)
