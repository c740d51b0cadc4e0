"""Requests that create, read and change one data source, and the latest state that the server returned."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
import requests

from bokeh_cloud.account import AccountClient
from bokeh_cloud.columns.arrow_values import is_read_as_arrow, python_values
from bokeh_cloud.columns.chunked_column import ChunkedColumn
from bokeh_cloud.columns.drawn_times import from_milliseconds
from bokeh_cloud.columns.packed import pack
from bokeh_cloud.columns.stored_column import Owner, StoredColumn
from bokeh_cloud.columns.values import (
    EncodedColumn,
    array_from_bytes,
    encode_column,
    is_fixed_width,
    unpack_values,
)
from bokeh_cloud.data.column_names import quote_name
from bokeh_cloud.data.frames import pyarrow, read_arrow_stream
from bokeh_cloud.data.row_requests import Parameters
from bokeh_cloud.data.tables import require_equal_lengths
from bokeh_cloud.errors import CloudError, Rejected
from bokeh_cloud.publishing.download import fetch_columns
from bokeh_cloud.publishing.upload import upload_chunks
from bokeh_cloud.server_commands import force_argument

PACKED = "application/vnd.bokeh-cloud.packed"


class SourceClient:
    """One data source of an account.

    Args:
        account: that the source belongs to.
        summary: the JSON summary of the source.
        etag: of this state; None if it is unknown, since lists do not contain it.
    """

    def __init__(self, account: AccountClient, summary: Mapping[str, Any], etag: str | None):
        self.account = account
        self.summary = summary
        self._etag = etag

    @classmethod
    def create(cls, account: AccountClient, name: str, columns: Mapping[str, Any]) -> "SourceClient":
        """Create a live source; see `Server.DataSource`."""
        body = {"name": name, "live": True, "columns": _upload_columns(account, name, columns)}
        response = account.connection.request("POST", f"{account.user_path}/data", json=body)
        return cls(account, account.connection.decode(response), response.headers.get("ETag"))

    @classmethod
    def create_from_file(cls, account: AccountClient, **request: Any) -> "SourceClient":
        """Create a live source of a file, the body of a request; its parameters have the name."""
        response = account.connection.request("POST", f"{account.user_path}/data", **request)
        return cls(account, account.connection.decode(response), response.headers.get("ETag"))

    @property
    def path(self) -> str:
        """The path of the source in the API."""
        return f"{self.account.user_path}/data/{quote(self.summary['id'])}"

    @property
    def owner(self) -> Owner:
        """The URL of the server, and the username."""
        return self.account.url, self.account.user_id

    @property
    def version(self) -> int:
        """The number of this version; 1 for a frozen source."""
        return int(self.summary.get("version", 1))

    def stored_columns(self) -> dict[str, StoredColumn]:
        """Return the columns by name; their values are fetched when they are used."""
        summary = self.summary

        def stored(name: str, column: Mapping[str, Any]) -> StoredColumn:
            if not is_read_as_arrow(column["dtype"]):
                return StoredColumn(summary["id"], self.owner, column, lambda: self._fetch_values(column))
            this = SourceClient(self.account, summary, None)  # whose version does not change
            return StoredColumn(
                summary["id"], self.owner, column, lambda: this.arrow_values([name], [])[name]
            )

        return {name: stored(name, column) for name, column in summary["columns"].items()}

    def arrow_values(self, names: Sequence[str], parameters: Parameters) -> dict[str, Any]:
        """Request rows of columns whose values JSON does not have, and return them as arrays of objects.

        Raises:
            CloudError: pyarrow is not installed; or see `Connection.request`.
        """
        pyarrow(f"Column {names[0]!r} holds {self.summary['columns'][names[0]]['dtype'][6:-1]}, which")
        columns = [("columns", quote_name(name)) for name in names]
        table = read_arrow_stream(self.rows("arrow", [*columns, *parameters], stream=True))
        return {name: python_values(table[name].combine_chunks()) for name in names}

    def require_live(self) -> None:
        """Raise CloudError unless rows can be appended."""
        if not self.summary.get("live"):
            raise CloudError(
                f"{self.summary['name']!r} is the data source of a published figure, and cannot be changed: "
                "create one with DataSource(name, ...)."
            )

    def read(self) -> None:
        """Read the newest version."""
        self._request("GET", self.path)

    def rows(self, form: str, parameters: Parameters, *, stream: bool = False) -> requests.Response:
        """Request rows of this version.

        Args:
            form: the output format, such as "json", "packed", "arrow", "parquet" or "csv".
            parameters: as of `row_requests`.
            stream: return the response before its body is read.
        """
        if self.summary.get("live"):
            parameters = [*parameters, ("version", str(self.version))]
        return self.account.connection.request(
            "GET", f"{self.path}.{quote(form, safe='')}", params=parameters, stream=stream
        )

    def put(self, columns: Mapping[str, Any]) -> None:
        """Create a version with these columns only; chunks that the server has are not sent.

        Raises:
            Rejected: another client has created a version in the meantime.
            CloudError: see `Connection.request`.
        """
        body = {"columns": _upload_columns(self.account, self.summary["name"], columns)}
        try:
            self._request("PUT", self.path, json=body, headers={"If-Match": self._current_etag()})
        except Rejected as error:
            if error.status != 412:
                raise
            if self._is_stored_already(columns):
                return
            raise Rejected(
                f"Another client has changed {self.summary['name']!r} since version {self.version}, on which "
                "this change is based: load the new one with refresh(), then change and commit again.",
                error.status,
                error.problem,
            ) from error

    def append(self, value: Mapping[str, Any], key: str | None = None) -> None:
        """Append rows.

        Args:
            value: has `rows` by column, see `values.encode_rows`, and optionally `rollover`.
            key: the idempotency key, if this request may be a repetition of an earlier one.
        """
        headers = {"Content-Type": PACKED} | ({} if key is None else {"Idempotency-Key": key})
        self._request("POST", f"{self.path}/rows", data=bytes(pack(value)), headers=headers)

    def put_file(self, headers: Mapping[str, str], **request: Any) -> None:
        """Create a version of a file, the body of a request."""
        self._request("PUT", self.path, headers={**headers, "If-Match": self._current_etag()}, **request)

    def append_file(self, **request: Any) -> None:
        """Append the rows of a file, the body of a request."""
        self._request("POST", f"{self.path}/rows", **request)

    def at(self, version: int) -> "SourceClient":
        """Return the source at one of its versions; raises NotFound if the server does not keep it."""
        at = SourceClient(self.account, self.summary, None)
        at._request("GET", f"{self.path}?version={version}")
        return at

    def versions(self) -> list[Mapping[str, Any]]:
        """Return the JSON summaries of the versions that the server keeps, oldest first."""
        pages = self.account.pages(f"{self.path}/versions")
        return [item for page in pages for item in page["versions"]]

    def change(self, **changes: Any) -> None:
        """Change the name, or which versions are kept; this creates a version."""
        self._request("PUT", self.path, json=changes, headers={"If-Match": self._current_etag()})

    def rollback(self, version: int) -> None:
        """Create a version with the columns of an old one."""
        self._request("POST", f"{self.path}/rollback", json={"version": version})

    def delete(self, *, force: bool, is_unchanged: bool = False) -> None:
        """Delete the source.

        Args:
            force: delete it even if plots use it.
            is_unchanged: raise Rejected if it has a newer version than this one.
        """
        headers = {"If-Match": self._current_etag()} if is_unchanged else {}
        path = f"{self.path}?force={str(force).lower()}"
        try:
            self.account.connection.request("DELETE", path, headers=headers)
        except Rejected as error:
            if error.slug != "source-in-use":
                raise
            raise Rejected(self._explain_in_use(error), error.status, error.problem) from error

    def _explain_in_use(self, error: Rejected) -> str:
        names = [repr(plot["name"]) for plot in error.problem.get("plots", ())]
        use = "1 plot uses" if len(names) == 1 else f"{len(names)} plots use"
        return (
            f"{use} {self.summary['name']!r} ({', '.join(names[:5])}): delete them first, or delete it "
            f"nevertheless with {force_argument()}, which breaks them."
        )

    def _is_stored_already(self, columns: Mapping[str, Any]) -> bool:
        """Return whether the newest version has exactly these columns, and if so, adopt that version.

        This is the case if the response to a request was lost, and the request was sent again.
        """
        newest = SourceClient(self.account, self.summary, None)
        newest.read()
        if {name: column["hash"] for name, column in newest.summary["columns"].items()} != _hashes(columns):
            return False
        self.summary, self._etag = newest.summary, newest._etag
        return True

    def _current_etag(self) -> str:
        """Return the ETag of this version, requesting it if the source comes from a list."""
        if self._etag is None:
            response = self.account.connection.request("GET", self.path)
            same = self.account.connection.decode(response).get("version") == self.version
            self._etag = response.headers.get("ETag") if same else None
        return self._etag or '"outdated"'

    def _request(self, method: str, path: str, **arguments: Any) -> None:
        response = self.account.connection.request(method, path, **arguments)
        self.summary = self.account.connection.decode(response)
        self._etag = response.headers.get("ETag")

    def _fetch_values(self, column: Mapping[str, Any]) -> Any:
        values = self._fetch_stored(column)
        return from_milliseconds(values, column["type"]) if "type" in column else values

    def _fetch_stored(self, column: Mapping[str, Any]) -> Any:
        connection = self.account.connection
        if is_fixed_width(column["dtype"]):
            path = f"{self.account.user_path}/data/columns/{column['hash']}?form=stored"
            return array_from_bytes(column["dtype"], column["shape"], connection.request("GET", path).content)
        [data] = fetch_columns(connection, self.account.user_id, [column["hash"]])
        values = unpack_values(data)
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array


def _upload_columns(account: AccountClient, label: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Upload missing chunks of columns, and return the columns as the API takes them."""
    encoded = _encode_columns(columns)
    require_equal_lengths(
        {name: length for name, values in encoded.items() if (length := _length(values)) is not None}
    )
    chunked = [values for values in encoded.values() if isinstance(values, ChunkedColumn)]
    upload_chunks(account.connection, account.user_id, chunked, f"Sending {label}")
    return {name: _to_json(values) for name, values in encoded.items()}


def _encode_columns(columns: Mapping[str, Any]) -> dict[str, EncodedColumn | StoredColumn]:
    return {
        name: values if isinstance(values, StoredColumn) else encode_column(name, values)
        for name, values in columns.items()
    }


def _length(values: EncodedColumn | StoredColumn) -> int | None:
    """Return the number of rows; None if only the values of a packed column would show it."""
    if isinstance(values, (ChunkedColumn, StoredColumn)):
        return None if values.dtype == "packed" else values.shape[0]
    return len(values["values"]) if isinstance(values, dict) else len(values)


def _hashes(columns: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the hashes of columns by name; None for a list of values, whose hash only the server knows."""
    return {name: getattr(values, "hash", None) for name, values in _encode_columns(columns).items()}


def _to_json(values: EncodedColumn | StoredColumn) -> Any:
    if isinstance(values, ChunkedColumn):
        return values.manifest()
    return {"hash": values.hash} if isinstance(values, StoredColumn) else values
