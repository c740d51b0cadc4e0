"""Files of tables as data sources: new ones, new versions, more rows, and other columns."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import CloudError, NotFound
from .files import read

if TYPE_CHECKING:
    from .server import Server
    from .sources import RemoteDataSource


def put(
    server: "Server", file: Path, name: str, *, append: bool, rollover: int | None, update: bool
) -> "RemoteDataSource":
    """Store the columns of a file; see `Server.put`."""
    _demand_one_way(append=append, rollover=rollover, update=update)
    name, columns = name or file.stem, read(file)
    if append:
        source = server.source(name)
        source.stream(columns, rollover)
        return source
    return _with(server.source(name), columns) if update else _stored(server, name, columns)


def _demand_one_way(*, append: bool, rollover: int | None, update: bool) -> None:
    if append and update:
        raise CloudError("append adds rows, update columns: choose one.")
    if rollover is not None and not append:
        raise CloudError("rollover goes with append.")


def _with(source: "RemoteDataSource", columns: dict[str, Any]) -> "RemoteDataSource":
    there = source.columns()
    source.update(**{name: values for name, values in columns.items() if name in there})
    source.add(**{name: values for name, values in columns.items() if name not in there})
    return source.commit()


def _stored(server: "Server", name: str, columns: dict[str, Any]) -> "RemoteDataSource":
    try:
        source = server.source(name)
    except NotFound:
        return server.DataSource(name, columns)
    return source.replace(columns) if source.live else server.DataSource(name, columns)
