"""Stores files of tables in data sources: as new sources, new versions, more rows, or other columns.

The server reads all files but those of NumPy, so a file has the same result from every client.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bokeh_cloud.account import AccountClient
from bokeh_cloud.data.catalog import find_source, put_source
from bokeh_cloud.data.source_client import SourceClient
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.data.table_files import NUMPY_SUFFIXES, FileKind, kind_of_file, read_numpy, stem_of
from bokeh_cloud.errors import CloudError, NotFound, Rejected

#: Types by column, such as {"zip": "text"}.
Types = Mapping[str, str]


def put(
    account: AccountClient, file: Path, name: str, *, append: bool, rollover: int | None, update: bool,
    types: Types | None,
) -> RemoteDataSource:  # fmt: skip
    """Store the columns of a file; see `Server.put`."""
    _check_options(append=append, rollover=rollover, update=update)
    name = name or stem_of(file)
    if file.suffix.lower() in NUMPY_SUFFIXES:
        columns = read_numpy(file, types)
        return _put_arrays(account, columns, name, append=append, rollover=rollover, update=update)
    kind, parameters = kind_of_file(file), _type_parameters(types)
    if append:
        source = find_source(account, name)
        given = parameters if rollover is None else [*parameters, ("rollover", str(rollover))]
        with _body(file, kind) as body:
            return source.send_rows(params=given, **body)
    if update:
        source = find_source(account, name)
        with _body(file, kind) as body:
            return source.send_version(params=[*parameters, ("update", "true")], **body)
    return _replace_or_create(account, name, file, kind, parameters)


def preview(account: AccountClient, file: Path, types: Types | None) -> dict[str, Any]:
    """Return what a file would become, without storing anything; see `Server.preview`."""
    if file.suffix.lower() in NUMPY_SUFFIXES:
        columns = read_numpy(file, types)
        lengths = {name: len(values) for name, values in columns.items()}
        kinds = {name: str(values.dtype) for name, values in columns.items()}
        return {"rows": max(lengths.values(), default=0), "types": kinds, "notes": [], "first": []}
    with _body(file, kind_of_file(file)) as body:
        path = f"{account.user_path}/data/preview"
        found: dict[str, Any] = account.connection.json("POST", path, params=_type_parameters(types), **body)
    return found


def _check_options(*, append: bool, rollover: int | None, update: bool) -> None:
    if append and update:
        raise CloudError("append adds rows, update changes columns: choose one of them.")
    if rollover is not None and not append:
        raise CloudError("rollover requires append.")


def _type_parameters(types: Types | None) -> list[tuple[str, str]]:
    return [("type", f"{name}={kind}") for name, kind in (types or {}).items()]


@contextmanager
def _body(path: Path, kind: FileKind) -> Iterator[dict[str, Any]]:
    """Yield the arguments of a request whose body is a file."""
    encoding = {} if kind.encoding is None else {"Content-Encoding": kind.encoding}
    try:
        file = path.open("rb")
    except OSError as error:
        raise CloudError(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        if not path.stat().st_size:
            raise CloudError(f"{path} is empty.")
        with _errors_named(path):
            yield {"data": file, "headers": {"Content-Type": kind.media_type, **encoding}}


@contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    """Name the file in the server's error if it cannot be read."""
    try:
        yield
    except Rejected as error:
        if error.slug != "unreadable-file":
            raise
        detail = str(error.problem["detail"]).removeprefix("The file cannot be read: ")
        raise CloudError(f"{path} cannot be read: {detail}") from error


def _replace_or_create(
    account: AccountClient, name: str, file: Path, kind: FileKind, parameters: list[tuple[str, str]]
) -> RemoteDataSource:
    try:
        source = find_source(account, name)
    except NotFound:
        source = None
    with _body(file, kind) as body:
        if source is not None and source.live:
            return source.send_version(params=parameters, **body)
        given = [*parameters, ("name", name)]
        return RemoteDataSource(SourceClient.create_from_file(account, params=given, **body))


def _put_arrays(
    account: AccountClient,
    columns: dict[str, Any],
    name: str,
    append: bool,
    rollover: int | None,
    update: bool,
) -> RemoteDataSource:
    if append:
        source = find_source(account, name)
        source.stream(columns, rollover)
        return source
    if update:
        return _update_columns(find_source(account, name), columns)
    return put_source(account, name, columns)


def _update_columns(source: RemoteDataSource, columns: dict[str, Any]) -> RemoteDataSource:
    existing = source.columns()
    source.update(**{name: values for name, values in columns.items() if name in existing})
    source.add(**{name: values for name, values in columns.items() if name not in existing})
    return source.commit()
