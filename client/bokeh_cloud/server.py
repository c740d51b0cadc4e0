"""`Server` and `Cloud`, which most programs use: publishing, plots, data sources, keys and archives."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bokeh_cloud.account import AccountClient
from bokeh_cloud.arguments import (
    require_address,
    require_optional_string,
    require_string,
    require_strings,
)
from bokeh_cloud.config import Configuration, ServerAddress, sort_url_and_key
from bokeh_cloud.connection import Connection
from bokeh_cloud.garbage import GarbageClient
from bokeh_cloud.keys import ApiKeyClient
from bokeh_cloud.plots.catalog import find_plot, list_plots
from bokeh_cloud.plots.cloning import clone
from bokeh_cloud.plots.plot import Plot
from bokeh_cloud.registration import register

if TYPE_CHECKING:  # importing Bokeh takes half a second, and listing plots does not need it
    from bokeh_cloud.data.sources import RemoteDataSource
    from bokeh_cloud.publishing.documents import Publishable

CLOCK_TOLERANCE = 30  # seconds


class Server(AccountClient):
    """An account on a Bokeh Cloud server. Creating the object sends no request.

    Write `Server()`, `Server(url)`, `Server(apikey)` or `Server(url, apikey)`.

    Args:
        url: URL of the server, or a nickname in `servers.cfg`; by default that of `BOKEH_CLOUD_URL`, else
            the default one of `servers.cfg`, else http://localhost:5006.
        apikey: API key of the account; by default that of `BOKEH_CLOUD_API_KEY`, or the one that is set
            beside this URL in `cloud.cfg` or `servers.cfg`. A server without accounts needs none.

    Raises:
        CloudError: the URL or the nickname is invalid.
        NotPermitted: the key would be sent unencrypted to another computer.
    """

    def __init__(self, url: str | None = None, apikey: str | None = None):
        require_address(url, apikey)
        self._configuration = Configuration.load()
        address = self._resolve(*sort_url_and_key(url, apikey))
        super().__init__(Connection(address, self._configuration.general.ca_bundle))

    def _resolve(self, url: str | None, apikey: str | None) -> ServerAddress:
        return self._configuration.server_address(url, apikey)

    def __repr__(self) -> str:
        account = f", account {self.user_id!r}" if self._is_known else ""
        return f"<{type(self).__name__} {self.url}{account}>"

    def _repr_html_(self) -> str:
        account = f" &middot; {escape(self.user_id)}" if self._is_known else ""
        link = f'<a href="{escape(self.url)}" target="_blank" rel="noopener">{escape(self.url)}</a>'
        return f"<div>{type(self).__name__} {link}{account}</div>"

    @property
    def _is_known(self) -> bool:
        """Whether the username is known without a request, which showing an object must not send."""
        return "user_id" in vars(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server. A later request opens them again."""
        self.connection.close()

    def clock(self) -> str:
        """Compare this computer's clock with the server's, which decides when share links and keys expire."""
        date = self.connection.request("GET", "/health/live").headers.get("Date")
        if date is None:
            return "the server sends no time"
        seconds = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
        return "right" if abs(seconds) < CLOCK_TOLERANCE else f"off by {seconds:.0f} s from the server's"

    def register(self, email: str, username: str, quiet: bool = False) -> str | None:
        """Request an account; see `registration.register`."""
        require_string("email", email, '"maria@example.org"')
        require_string("username", username, '"maria"')
        return register(self.connection, email, username, quiet=quiet)

    @property
    def keys(self) -> ApiKeyClient:
        """The API keys of the account."""
        return ApiKeyClient(self)

    @property
    def gc(self) -> GarbageClient:
        """The garbage of the account."""
        return GarbageClient(self)

    def publish(
        self, obj: "Publishable", name: str, *, title: str | None = None, description: str | None = None,
        tags: Iterable[str] | None = None, visibility: str | None = None, thumbnail: bool | None = None,
        strict: bool = False,
    ) -> Plot:  # fmt: skip
        """Publish a figure, a layout or a Document, or an object of HoloViews, hvPlot or Panel.

        Lists are shown one below the other, nested lists as a grid, dictionaries as tabs.

        A name has one URL. Publishing under a name that exists creates a version of that plot, unless nothing
        has changed. Only data that the server does not have are sent. A new plot is private, unless the
        configuration sets another visibility.

        Args:
            obj: to publish.
            name: of the plot.
            title: of the plot, instead of the figure's; none if it is blank.
            description: what the plot shows, as plain text. None for the description that it has; so are the
                following.
            tags: words under which you look for it.
            visibility: `private`, `link` (anyone with the URL) or `public`.
            thumbnail: whether to render a thumbnail, which takes seconds and needs what Bokeh's `export_png`
                needs; None for the setting of the configuration, which is no by default.
            strict: raise if the published plot will not do something, instead of a warning.

        Raises:
            NotPublishable: the object, the name or the visibility is not suitable, or a data source of this
                server has changes that are not stored yet; nothing was sent.
            CloudError: the server cannot be reached, or rejected the request; the plot is unchanged.
        """
        from bokeh_cloud.plots.publish import PublishOptions, publish

        options = PublishOptions.checked(title, description, tags, visibility, thumbnail, strict)
        return publish(self, self._configuration.general, obj, name, options)

    def plots(self) -> list[Plot]:
        """Return all plots of the account, by name.

        Raises:
            CloudError: the server cannot be reached, or rejected the request.
        """
        return list_plots(self)

    def plot(self, name: str) -> Plot:
        """Return the plot of a name, or of the URL of its page.

        Raises:
            NotFound: there is none; the message contains similar names.
        """
        require_string("name", name, '"sine"')
        return find_plot(self, name)

    def DataSource(self, /, *args: Any, **columns: Any) -> "RemoteDataSource":  # noqa: N802 - named as Bokeh's class
        """Store columns as a live data source, which plots can share, and return it.

        Write `DataSource("name", frame)`, `DataSource(frame)`, `DataSource("name", x=x, y=y)`, and so on, or,
        for a source without rows, `DataSource("name", dtypes={"t": "datetime64[us]", "x": float})`. If there
        is a live source of this name, it gets a version with these columns; without rows, it is returned as
        it is. Without a name, the source is new, and is named after its columns.

        Args:
            args: the name, a string; and columns as a frame of pandas or polars, a table of pyarrow, a
                dataset of xarray, a structured array, a `ColumnDataSource` or a dictionary.
            columns: arrays, lists or series by name. `name="..."` with a string is the name of the source,
                and `frame=` with a frame or a dictionary is as one of `args`.

        Raises:
            CloudError: a column has a type that cannot be stored, two have one name, their lengths differ, or
                the source of this name has other columns; or see `Connection.request`.
        """
        from bokeh_cloud.data.catalog import create_source, open_or_create_source
        from bokeh_cloud.data.source_arguments import read_arguments

        name, by_name = read_arguments(args, columns)
        if name:
            return open_or_create_source(self, name, by_name)
        return create_source(self, ", ".join(by_name) or "empty", by_name)

    def put(
        self, file: "str | Path", name: str = "", *, append: bool = False, rollover: int | None = None,
        update: bool = False, types: Mapping[str, str] | None = None,
    ) -> "RemoteDataSource":  # fmt: skip
        """Store the columns of a file as a data source, or as a new version of the live one of this name.

        Args:
            file: CSV (also `.tsv`, `.txt`), JSON (lines, or what `data get` writes), Parquet, Arrow, Excel,
                and these with `.gz` or `.zst`; `.npy` or `.npz`: according to its suffix.
            name: of the source; by default that of the file.
            append: append the rows to the source of this name.
            rollover: with `append`, how many rows to keep; None for all.
            update: add or replace the file's columns, and keep the other columns of the source.
            types: of some columns: "text", "integer", "float", "boolean", "date", "time" or "utc", such as
                `{"zip": "text"}`. Those of the others are inferred; `notes` of the result says how.

        Raises:
            NotFound: there is no source to append to, or to update.
            CloudError: the suffix is not known, or the file cannot be read: the message names the row and the
                column; or see `Connection.request`.
        """
        from bokeh_cloud.data.put import put

        return put(self, Path(file), name, append=append, rollover=rollover, update=update, types=types)

    def preview(self, file: "str | Path", *, types: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what `put` would store of a file: `rows`, `types`, `notes` and the `first` rows as text."""
        from bokeh_cloud.data.put import preview

        return preview(self, Path(file), types)

    def data(self) -> "list[RemoteDataSource]":
        """Return the data sources of the account, created by `DataSource` or by publishing figures."""
        from bokeh_cloud.data.catalog import list_sources

        return list_sources(self)

    def source(self, name: str) -> "RemoteDataSource":
        """Return the data source with an id or a name, the newest live one if several have the name.

        Raises:
            NotFound: there is none.
        """
        from bokeh_cloud.data.catalog import find_source

        require_string("name", name, '"temperature"')
        return find_source(self, name)

    def export(self, folder: "str | Path", names: Iterable[str] = ()) -> list[Plot]:
        """Write plots with all versions and data into a folder; see `archive.export`."""
        from bokeh_cloud.archive import export

        return export(self, Path(folder), require_strings("names", names, '["sine"]'))

    def import_(self, folder: "str | Path") -> list[Plot]:
        """Publish the plots of a folder that `export` wrote; see `archive.import_`."""
        from bokeh_cloud.archive import import_

        return import_(self, Path(folder))

    def clone(self, address: str, name: str | None = None) -> Plot:
        """Copy a plot into this account; see `plots.cloning.clone`."""
        require_string("address", address, '"https://plots.example.org/plots/nb2hi4dthixs653x/show"')
        require_optional_string("name", name, '"sine"')
        return Plot(clone(self.connection, address, name), self.connection)


class Cloud(Server):
    """The cloud of `cloud.cfg` (which `bokeh-cloud login` writes), or of `BOKEH_CLOUD_URL`, or of a URL.

    There is no default one. Everything else is as with `Server`.

    Raises:
        CloudError: no cloud is configured.
    """

    def _resolve(self, url: str | None, apikey: str | None) -> ServerAddress:
        return self._configuration.cloud_address(url, apikey)

    def login(self, *, scopes: Iterable[str] = (), days: int | None = None) -> "Cloud":
        """Log in in a browser, and store the API key in cloud.cfg; works in notebooks, too.

        A code and an address are shown, and the address is opened where there is a browser. Allow the login
        there, within ten minutes. A server without accounts needs no login.

        Args:
            scopes: of the key; none for those that publishing needs.
            days: how long the key is valid; None for the server's default.

        Raises:
            NotPermitted: the login was denied, or not answered in time.
            CloudError: the server does not offer it; or see `Connection.request`.
        """
        from bokeh_cloud.device_login import log_in

        self._connection = log_in(
            self.url, self._configuration, require_strings("scopes", scopes, "[]"), days
        )
        vars(self).pop("user_id", None)
        return self


def connect(url: str | None = None) -> Server:
    """Return the server of a command: that of a URL, else the cloud if one is configured, else `Server()`."""
    configuration = Configuration.load()
    is_cloud = url is None and "BOKEH_CLOUD_URL" not in configuration.environ and configuration.cloud
    return Cloud() if is_cloud else Server(url)
