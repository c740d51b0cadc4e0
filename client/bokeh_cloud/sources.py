"""Data sources on the server, which plots share: `RemoteDataSource` goes wherever Bokeh takes a `source`."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from bokeh.core.has_props import HasProps
from bokeh.core.property.validation import validate
from bokeh.core.serialization import Serializer
from bokeh.models import ColumnDataSource
from bokeh.util.warnings import BokehUserWarning

from .errors import CloudError
from .readable import Readable
from .resource import Resource
from .stored import StoredColumn, is_destination
from .values import Zoned, leaf, stored, zone_of

if TYPE_CHECKING:
    from .server import Server


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """A version of a data source; `rows` of its longest column, `size` in bytes of all."""

    version: int
    modified: datetime
    rows: int
    size: int

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "SourceVersion":
        """Return what the server says."""
        modified = datetime.fromisoformat(item["modified"])
        return cls(item["version"], modified, item["rows"], item["size"])


class RemoteDataSource(Readable, ColumnDataSource):
    """A data source of an account.

    Glyphs take it as their `source`; a plot that uses it refers to the stored columns, so that publishing
    sends none of them, and a new version of the source shows in every plot that uses it.

    `add`, `remove` and `update`, or Bokeh's own `data`, change what is here, and `commit` makes a version of
    it; `stream` and `patch` make one at once. `name`, as with every model of Bokeh, is what it is called.
    """

    __view_module__ = "bokeh.models.sources"  # so that no extension of Bokeh is looked for

    def __init__(self, resource: Resource):
        super().__init__(name=resource.summary["name"])
        self._resource = resource
        self._take()

    def _take(self) -> None:
        """Hold the columns that the server has, and of those that were here before, what was fetched."""
        before = {column.hash: column for column in self.columns().values()}
        now = self._resource.stored_columns()
        with warnings.catch_warnings():  # lists and texts say their rows only once they are fetched
            warnings.simplefilter("ignore", BokehUserWarning)
            self._hold({name: before.get(column.hash, column) for name, column in now.items()})

    def __repr__(self) -> str:
        kind = f"version {self.version}" if self.live else "frozen"
        return f"<RemoteDataSource {self.name!r}, {kind}: {', '.join(self.column_names)}>"

    __str__ = __repr__

    @property
    def source_id(self) -> str:
        """The source's id on the server; `id` is Bokeh's, of this model."""
        return str(self._resource.summary["id"])

    @property
    def version(self) -> int:
        """The version that the columns here are of."""
        return self._resource.version

    @property
    def live(self) -> bool:
        """Whether it can change; the sources of published figures cannot."""
        return bool(self._resource.summary.get("live", False))

    @property
    def created(self) -> str:
        """When it was made, as the server writes it; "" where that is not known."""
        return str(self._resource.summary.get("created", ""))

    @property
    def changed(self) -> bool:
        """Whether its columns are others than the server's, also by Bokeh's own `data`."""
        held = {name: v.hash if isinstance(v, StoredColumn) else None for name, v in self._held.items()}
        return held != {name: column["hash"] for name, column in self._resource.summary["columns"].items()}

    def is_at(self, server: "Server") -> bool:
        """Tell whether it is in the account of `server`."""
        return self._resource.home == (server.url, server.user_id)

    def columns(self) -> dict[str, StoredColumn]:
        """Return the stored columns by name, with dtype, shape, length, bytes and hash."""
        return {name: column for name, column in self._held.items() if isinstance(column, StoredColumn)}

    def add(self, *data: Any, **columns: Any) -> None:  # type: ignore[override]  # Bokeh's form is one of ours
        """Add columns, `add(z=z)` or, as in Bokeh, `add(values, "z")`; `commit` sends them.

        Raises:
            CloudError: a column of this name is there; `update` replaces it.
        """
        if data:
            values, name = data
            columns = {**columns, name: values}
        for name in columns:
            if name in self._held:
                raise CloudError(f"There is a column {name!r} already; update({name}=...) replaces it.")
        self._stage(columns)

    def update(self, **columns: Any) -> None:
        """Replace columns; `commit` sends them. CloudError where there is no such column."""
        for name in columns:
            self._demand(name)
        self._stage(columns)

    def remove(self, name: str) -> None:
        """Remove a column; `commit` tells the server. CloudError where there is none."""
        self._demand(name)
        self._hold({other: values for other, values in self._held.items() if other != name})

    def commit(self) -> "RemoteDataSource":
        """Make a version of the columns as they are here; without a change, do nothing.

        Raises:
            CloudError: somebody else made a version meanwhile; the message says what to do. Or see
                `Connection.request`.
        """
        if self.changed:
            self._put(self._held)
        return self

    def replace(self, columns: Mapping[str, Any]) -> "RemoteDataSource":
        """Make a version that has these columns and no others, at once; see `commit`."""
        self._put(columns)
        return self

    def refresh(self) -> "RemoteDataSource":
        """Take the newest version of the server; changes that were not committed are lost."""
        self._resource.read()
        self._take()
        return self

    def stream(self, new_data: Any = None, rollover: int | None = None, **columns: Any) -> None:
        """Append rows at once: `stream(t=[...], y=[...])` or, as in Bokeh, `stream({...}, 100)`.

        Args:
            new_data: rows by column, a dictionary or a frame of pandas.
            rollover: how many rows to keep; None for all.
            columns: rows by column.

        Raises:
            CloudError: there are changes that were not committed; or see `Connection.request`.
        """
        self._demand_clean("stream")
        rows = {**_columns_of(new_data), **columns}
        value: dict[str, Any] = {"rows": {name: leaf(name, values) for name, values in rows.items()}}
        if rollover is not None:
            value["rollover"] = rollover
        self._resource.append(value)
        self._take()

    def patch(self, patches: Any, setter: Any = None) -> None:  # noqa: ARG002 - Bokeh's signature
        """Change values at once, as in Bokeh: `patch({"y": [(3, 1.5), (slice(0, 2), [0, 1])]})`.

        The chunks that change are sent; the others stay.
        """
        self._demand_clean("patch")
        changed = {}
        for name, changes in patches.items():
            self._demand(name)
            values = np.array(self._held[name])
            for index, value in changes:
                values[index] = value
            zone = zone_of(self._held[name].dtype)
            changed[name] = Zoned(values, zone) if zone else values
        self._put({**self._held, **changed})

    def versions(self) -> list[int]:
        """Return the numbers of the versions that the server keeps, oldest first."""
        return [version.version for version in self.history()]

    def history(self) -> list[SourceVersion]:
        """Return the versions that the server keeps, oldest first, with their time and size."""
        return [SourceVersion.of(item) for item in self._resource.versions()]

    def at(self, version: int) -> "RemoteDataSource":
        """Return the source as one of its versions, to be read; raises NotFound where that is not kept."""
        return RemoteDataSource(self._resource.at(version))

    def keep(self, versions: int, days: float | None = None) -> None:
        """Let the server keep the newest versions, none older than some days, and those that plots show."""
        self._demand_clean("keep")
        self._resource.change(keep={"versions": versions, "days": days})
        self._take()

    def rename(self, name: str) -> None:
        """Call it otherwise; its id, and the plots that use it, stay."""
        self._demand_clean("rename")
        self._resource.change(name=name)
        self.name = name
        self._take()

    def rollback(self, version: int) -> "RemoteDataSource":
        """Make a new version with the columns of an old one; NotFound where that is not kept."""
        self._resource.rollback(version)
        self._take()
        return self

    def delete(self, *, force: bool = False) -> None:
        """Delete it from the server.

        Raises:
            Rejected: plots use it, and the message names them; `force` breaks them.
        """
        self._resource.delete(force=force)

    def to_serializable(self, serializer: Serializer) -> Any:
        """Be a ColumnDataSource to browsers."""
        if self.changed and is_destination(*self._resource.home):
            raise ValueError(
                f"the data source {self.name!r} has changes that were not sent: commit() them first"
            )
        found: Any = super().to_serializable(serializer)
        found["name"] = ColumnDataSource.__qualified_model__
        return found

    @property
    def _held(self) -> dict[str, Any]:
        """The columns that are here, stored or not; `data`, whose declared type knows no stored ones."""
        held: Any = self.data
        return dict(held)

    def _hold(self, columns: Mapping[str, Any]) -> None:
        with validate(False):  # Bokeh 3.4 looks at every value, which would fetch all that is stored
            self.data = {}  # or Bokeh keeps arrays in place of stored columns with the same values
            self.data = cast("Any", dict(columns))

    def _stage(self, columns: Mapping[str, Any]) -> None:
        for name, values in columns.items():
            stored(name, values)  # what cannot be stored is refused before anything is changed
        self._hold({**self._held, **columns})

    def _demand(self, name: str) -> None:
        if name not in self._held:
            raise CloudError(
                f"There is no column {name!r}; there are {', '.join(self.column_names) or 'none'}."
            )

    def _demand_clean(self, what: str) -> None:
        if self.changed:
            raise CloudError(
                f"There are changes that were not sent: commit() them, or refresh(), then {what}."
            )

    def _put(self, columns: Mapping[str, Any]) -> None:
        self._resource.put(columns)
        self._take()


def create(server: "Server", name: str, columns: Mapping[str, Any]) -> RemoteDataSource:
    """Make a live data source; see `Server.DataSource`."""
    return RemoteDataSource(Resource.create(server, name, columns))


def sources_in(models: Iterable[HasProps]) -> Sequence[RemoteDataSource]:
    """Return those of some models that are on a server."""
    return [model for model in models if isinstance(model, RemoteDataSource)]


def _columns_of(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    return {str(name): given[name] for name in given}
