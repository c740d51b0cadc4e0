"""Data sources on the server that plots share: `RemoteDataSource` can be used as the `source` of glyphs."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from bokeh.core.has_props import HasProps
from bokeh.core.property.validation import validate
from bokeh.core.serialization import Serializer
from bokeh.models import ColumnDataSource
from bokeh.util.warnings import BokehUserWarning

from bokeh_cloud.account import AccountClient
from bokeh_cloud.arguments import require_count, require_integer, require_string
from bokeh_cloud.columns.stored_column import StoredColumn, is_destination, loading
from bokeh_cloud.columns.values import encode_column, encode_rows
from bokeh_cloud.data.column_names import find_name
from bokeh_cloud.data.patching import patch_column
from bokeh_cloud.data.reading import ReadingMixin
from bokeh_cloud.data.source_client import SourceClient
from bokeh_cloud.data.source_html import source_html
from bokeh_cloud.data.source_version import DataSourceVersion
from bokeh_cloud.data.streaming.writer_mixin import WriterMixin
from bokeh_cloud.data.tables import columns_of, is_table, rows_of
from bokeh_cloud.errors import CloudError


class RemoteDataSource(ReadingMixin, WriterMixin, ColumnDataSource):
    """A data source of an account.

    It can be used as the `source` of glyphs. A plot that uses it refers to the stored columns, so publishing
    sends none of them, and a new version of the source is shown in every plot that uses it.

    `add`, `remove`, `update` and Bokeh's own `data` change the local columns, and `commit` stores them as a
    version; `stream` and `patch` store a version immediately. `name`, as with every Bokeh model, is its name.
    """

    __view_module__ = "bokeh.models.sources"  # so that Bokeh does not look for an extension

    def __init__(self, source_client: SourceClient):
        super().__init__(name=source_client.summary["name"])
        self._source_client = source_client
        self._load_columns()

    def _load_columns(self) -> None:
        """Set the columns to those of the server; values that were fetched before are kept."""
        before = {column.hash: column for column in self.columns().values()}
        columns = self._source_client.stored_columns()
        with warnings.catch_warnings():  # the length of strings and lists is not known until they are fetched
            warnings.simplefilter("ignore", BokehUserWarning)
            self._set_columns({name: before.get(column.hash, column) for name, column in columns.items()})

    def __repr__(self) -> str:
        kind = f"version {self.version}" if self.live else "frozen"
        return f"<RemoteDataSource {self.name!r}, {kind}: {', '.join(self.column_names)}; {self.url}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:  # instead of Bokeh's, which lists properties of the model
        kind = f"version {self.version}" if self.live else "frozen"
        return source_html(self.name or "", self.url, kind, self.columns())

    @property
    def url(self) -> str:
        """The URL of its page."""
        return f"{self._source_client.account.url}/data/{self.source_id}"

    @property
    def source_id(self) -> str:
        """The id of the source on the server; `id` is the id of this Bokeh model."""
        return str(self._source_client.summary["id"])

    @property
    def version(self) -> int:
        """The version that the local columns are based on."""
        return self._source_client.version

    @property
    def notes(self) -> list[str]:
        """What the server detected in the file that was just stored: delimiter, encoding, columns of text."""
        return list(self._source_client.summary.get("notes", ()))

    @property
    def live(self) -> bool:
        """Whether it can be changed; the sources of published figures cannot."""
        return bool(self._source_client.summary.get("live", False))

    @property
    def created(self) -> str:
        """When it was created, as the server formats it; "" if unknown."""
        return str(self._source_client.summary.get("created", ""))

    @property
    def changed(self) -> bool:
        """Whether the local columns differ from those of the version, through Bokeh's own `data` too."""
        local = {name: v.hash if isinstance(v, StoredColumn) else None for name, v in self._columns.items()}
        stored = self._source_client.summary["columns"]
        return local != {name: column["hash"] for name, column in stored.items()}

    def is_at(self, account: AccountClient) -> bool:
        """Return whether it belongs to an account, such as that of a `Server`."""
        return self._source_client.owner == (account.url, account.user_id)

    def columns(self) -> dict[str, StoredColumn]:
        """Return the stored columns by name, with dtype, shape, length, size and hash."""
        return {name: column for name, column in self._columns.items() if isinstance(column, StoredColumn)}

    def add(self, /, *data: Any, **columns: Any) -> None:  # type: ignore[override]  # supports Bokeh's call, too
        """Add columns; `commit` stores them.

        Write `add(z=z)`, `add(table)` or, as in Bokeh, `add(values, "z")`.

        Raises:
            CloudError: there is a column of this name, which `update` replaces; or see `tables.columns_of`.
        """
        if len(data) > 2 or (len(data) == 1 and not is_table(data[0])):
            raise CloudError('Name the column: add(z=values) or add(values, "z").')
        added = {data[1]: data[0]} if len(data) == 2 else columns_of(data[0]) if data else {}
        columns = {**added, **columns}
        for name in columns:
            if name in self._columns:
                raise CloudError(f"There is a column {name!r} already; update({name}=...) replaces it.")
        self._change_columns(columns)

    def update(self, /, **columns: Any) -> None:
        """Replace columns; `commit` stores them. Raises CloudError if there is no such column."""
        self._change_columns({self._require_column(name): values for name, values in columns.items()})

    def remove(self, name: str) -> None:
        """Remove a column; `commit` stores the change. Raises CloudError if there is no such column."""
        name = self._require_column(name)
        self._set_columns({other: values for other, values in self._columns.items() if other != name})

    def commit(self) -> "RemoteDataSource":
        """Store the local columns as a version; does nothing if they are unchanged.

        Raises:
            CloudError: another client has created a version in the meantime; or see `Connection.request`.
        """
        if self.changed:
            self._put(self._columns)
        return self

    def replace(self, columns: Any) -> "RemoteDataSource":
        """Store a version that has these columns only, immediately; see `commit`."""
        self._put(columns_of(columns))
        return self

    def send_version(self, **request: Any) -> "RemoteDataSource":
        """Store a version that is made of a file, the body of a request."""
        self._source_client.put_file(**request)
        self._load_columns()
        return self

    def send_rows(self, **request: Any) -> "RemoteDataSource":
        """Append the rows of a file, the body of a request."""
        self._require_unchanged("put")
        self._source_client.append_file(**request)
        self._load_columns()
        return self

    def refresh(self) -> "RemoteDataSource":
        """Load the newest version from the server; changes that were not committed are lost."""
        self._source_client.read()
        self._load_columns()
        return self

    def stream(self, new_data: Any = None, rollover: int | None = None, **columns: Any) -> None:
        """Append rows immediately: `stream(t=[...], y=[...])` or, as in Bokeh, `stream({...}, 100)`.

        Each call is a request, and makes a version; `writer` sends many small calls together.

        Args:
            new_data: rows by column: a dictionary, a frame, a table, or a series of pandas, which is one row.
            rollover: number of rows to keep; None for all.
            columns: rows by column.

        Raises:
            CloudError: there are changes that were not committed; or see `Connection.request`.
        """
        self._require_unchanged("stream")
        if rollover is not None:
            require_count("rollover", rollover, "10_000")
        rows = {**rows_of(new_data, self.column_names), **columns}
        value: dict[str, Any] = {"rows": {name: encode_rows(name, values) for name, values in rows.items()}}
        if rollover is not None:
            value["rollover"] = int(rollover)
        self._source_client.append(value)
        self._load_columns()

    def patch(self, patches: Any, setter: Any = None) -> None:  # noqa: ARG002 - Bokeh's signature
        """Change values immediately, as in Bokeh: `patch({"y": [(3, 1.5), (slice(0, 2), [0, 1])]})`.

        Only chunks that change are sent.

        Raises:
            CloudError: a value does not fit its column, or there are more or fewer values than a slice has;
                nothing is changed.
        """
        self._require_unchanged("patch")
        changed = {}
        for name, changes in patches.items():
            name = self._require_column(name)
            changed[name] = patch_column(name, self._columns[name], changes)
        self._put({**self._columns, **changed})

    def versions(self) -> list[int]:
        """Return the numbers of the versions that the server keeps, oldest first."""
        return [version.version for version in self.history()]

    def history(self) -> list[DataSourceVersion]:
        """Return the versions that the server keeps, oldest first, with their time and size."""
        return [DataSourceVersion.from_summary(item) for item in self._source_client.versions()]

    def at(self, version: int) -> "RemoteDataSource":
        """Return the source at one of its versions, for reading; raises NotFound if it is not kept."""
        require_integer("version", version, "3")
        return RemoteDataSource(self._source_client.at(version))

    def keep(self, versions: int, days: float | None = None) -> None:
        """Set which versions are kept: the newest ones, at most some days old, and those that plots show."""
        self._require_unchanged("keep")
        self._source_client.change(keep={"versions": versions, "days": days})
        self._load_columns()

    def rename(self, name: str) -> None:
        """Change the name; the id does not change, and plots continue to use the source."""
        require_string("name", name, '"temperature"')
        self._require_unchanged("rename")
        self._source_client.change(name=name)
        self.name = name
        self._load_columns()

    def rollback(self, version: int) -> "RemoteDataSource":
        """Create a version with the columns of an old one; raises NotFound if that is not kept."""
        require_integer("version", version, "3")
        self._source_client.rollback(int(version))
        self._load_columns()
        return self

    def delete(self, *, force: bool = False) -> None:
        """Delete the source from the server.

        Raises:
            Rejected: plots use it; `force` deletes it nevertheless, which breaks them.
        """
        self._source_client.delete(force=force)

    def to_serializable(self, serializer: Serializer) -> Any:
        """Serialise the source as a ColumnDataSource, which BokehJS knows."""
        if self.changed and is_destination(*self._source_client.owner):
            raise ValueError(
                f"the data source {self.name!r} has changes that are not stored yet: call commit() first"
            )
        serialised: Any = super().to_serializable(serializer)
        serialised["name"] = ColumnDataSource.__qualified_model__
        return serialised

    @property
    def _columns(self) -> dict[str, Any]:
        """The local columns, stored or not: `data`, whose declared type does not include stored ones."""
        data: Any = self.data
        return dict(data)

    def _set_columns(self, columns: Mapping[str, Any]) -> None:
        with (
            loading(),
            validate(False),
        ):  # Bokeh 3.4 validates each value, which would fetch all stored columns
            self.data = {}  # otherwise Bokeh keeps arrays instead of stored columns with equal values
            self.data = cast("Any", dict(columns))

    def _change_columns(self, columns: Mapping[str, Any]) -> None:
        for name, values in columns.items():
            encode_column(name, values)  # raises for values that cannot be stored, before anything is changed
        self._set_columns({**self._columns, **columns})

    def _require_column(self, name: str) -> str:
        """Return the name of a column as it is stored."""
        found = find_name(name, self._columns)
        if found is None:
            raise CloudError(
                f"There is no column {name!r}; there are {', '.join(self.column_names) or 'none'}."
            )
        return found

    def _require_unchanged(self, method: str) -> None:
        if self.changed:
            raise CloudError(
                f"There are changes that are not stored yet: call commit() or refresh() before {method}()."
            )

    def _put(self, columns: Mapping[str, Any]) -> None:
        self._source_client.put(columns)
        self._load_columns()


def remote_sources(models: Iterable[HasProps]) -> Sequence[RemoteDataSource]:
    """Return those models that are data sources on a server."""
    return [model for model in models if isinstance(model, RemoteDataSource)]
