"""A data source as the server has it: what it last said of it, and the requests that read and change it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import requests

from .columns import Column
from .download import fetch_columns
from .errors import Rejected
from .packed import pack
from .reading import Parameters
from .stored import StoredColumn
from .upload import upload_chunks
from .values import Stored, array_of, is_fixed, stored, unpacked_values

if TYPE_CHECKING:
    from .server import Server

PACKED = "application/vnd.bokeh-cloud.packed"


class Resource:
    """One data source of an account.

    Args:
        server: whose account.
        summary: what the server says of it.
        etag: of this state; None where it was not told, as in lists.
    """

    def __init__(self, server: "Server", summary: Mapping[str, Any], etag: str | None):
        self.server = server
        self.summary = summary
        self._etag = etag

    @classmethod
    def create(cls, server: "Server", name: str, columns: Mapping[str, Any]) -> "Resource":
        """Make a live one; see `Server.DataSource`."""
        body = {"name": name, "live": True, "columns": specs(server, name, columns)}
        response = server.connection.request("POST", f"/{quote(server.user_id)}/data", json=body)
        return cls(server, server.connection.decode(response), response.headers.get("ETag"))

    @property
    def path(self) -> str:
        """Where it is on the server."""
        return f"/{quote(self.server.user_id)}/data/{quote(self.summary['id'])}"

    @property
    def home(self) -> tuple[str, str]:
        """The URL of the server, and the account."""
        return self.server.url, self.server.user_id

    @property
    def version(self) -> int:
        """The number of this state; frozen ones have no other."""
        return int(self.summary.get("version", 1))

    def stored_columns(self) -> dict[str, StoredColumn]:
        """Return its columns by name; their values are fetched when somebody asks for them."""

        def of(column: Mapping[str, Any]) -> StoredColumn:
            return StoredColumn(self.summary["id"], self.home, column, lambda: self._values(column))

        return {name: of(column) for name, column in self.summary["columns"].items()}

    def read(self) -> None:
        """Take the newest version."""
        self._ask("GET", self.path)

    def rows(self, form: str, asked: Parameters, *, stream: bool = False) -> requests.Response:
        """Ask for rows of this version.

        Args:
            form: "json", "packed", "arrow", "parquet" or "csv".
            asked: parameters as of `reading`.
            stream: let the caller read the answer bit by bit.
        """
        if self.summary.get("live"):
            asked = [*asked, ("version", str(self.version))]
        return self.server.connection.request("GET", f"{self.path}.{form}", params=asked, stream=stream)

    def put(self, columns: Mapping[str, Any]) -> None:
        """Make a version of these columns and no others; only what is missing is sent.

        Raises:
            Rejected: somebody else made a version meanwhile; the message says what to do.
            CloudError: see `Connection.request`.
        """
        told = specs(self.server, self.summary["name"], columns)
        try:
            self._ask("PUT", self.path, json={"columns": told}, headers={"If-Match": self._etag_here()})
        except Rejected as error:
            if error.status != 412:
                raise
            if self._is_now(columns):
                return
            raise Rejected(
                f"{self.summary['name']!r} was changed by somebody else since version {self.version}, which "
                "is here: refresh() takes their version over, then change and commit again.",
                error.status,
                error.problem,
            ) from error

    def append(self, value: Mapping[str, Any]) -> None:
        """Append rows; `value` has `rows` by column as of `values.leaf`, and perhaps `rollover`."""
        headers = {"Content-Type": PACKED}
        self._ask("POST", f"{self.path}/rows", data=bytes(pack(value)), headers=headers)

    def at(self, version: int) -> "Resource":
        """Return it as one of its versions; raises NotFound where the server does not keep it."""
        at = Resource(self.server, self.summary, None)
        at._ask("GET", f"{self.path}?version={version}")
        return at

    def versions(self) -> list[Mapping[str, Any]]:
        """Return what the server says of the versions that it keeps, oldest first."""
        pages = self.server.pages(f"{self.path}/versions")
        return [item for page in pages for item in page["versions"]]

    def change(self, **changes: Any) -> None:
        """Make a version that has another name, or another policy of keeping versions."""
        self._ask("PUT", self.path, json=changes, headers={"If-Match": self._etag_here()})

    def rollback(self, version: int) -> None:
        """Make a new version with the columns of an old one."""
        self._ask("POST", f"{self.path}/rollback", json={"version": version})

    def delete(self, *, force: bool) -> None:
        """Delete it, with `force` also where plots use it."""
        self.server.connection.request("DELETE", f"{self.path}?force={str(force).lower()}")

    def _is_now(self, columns: Mapping[str, Any]) -> bool:
        """Tell whether the server has these columns already, and take its version then.

        So it is where a request came through, its answer was lost, and it was sent again.
        """
        now = Resource(self.server, self.summary, None)
        now.read()
        if {name: column["hash"] for name, column in now.summary["columns"].items()} != _hashes(columns):
            return False
        self.summary, self._etag = now.summary, now._etag
        return True

    def _etag_here(self) -> str:
        """Return the ETag of the version that is here, which lists of sources do not tell."""
        if self._etag is None:
            response = self.server.connection.request("GET", self.path)
            same = self.server.connection.decode(response).get("version") == self.version
            self._etag = response.headers.get("ETag") if same else None
        return self._etag or '"outdated"'

    def _ask(self, method: str, path: str, **arguments: Any) -> None:
        response = self.server.connection.request(method, path, **arguments)
        self.summary = self.server.connection.decode(response)
        self._etag = response.headers.get("ETag")

    def _values(self, column: Mapping[str, Any]) -> Any:
        connection, user = self.server.connection, self.server.user_id
        if is_fixed(column["dtype"]):
            path = f"/{quote(user)}/data/columns/{column['hash']}?form=stored"
            return array_of(column["dtype"], column["shape"], connection.request("GET", path).content)
        [data] = fetch_columns(connection, user, [column["hash"]])
        values = unpacked_values(data)
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array


def specs(server: "Server", label: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Send what is missing of columns, and return what the server is told of each."""
    made: dict[str, Stored | StoredColumn] = {
        name: values if isinstance(values, StoredColumn) else stored(name, values)
        for name, values in columns.items()
    }
    chunked = [values for values in made.values() if isinstance(values, Column)]
    upload_chunks(server.connection, server.user_id, chunked, f"Sending {label}")
    return {name: _spec(values) for name, values in made.items()}


def _hashes(columns: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the hashes of columns by name; None for a list of values, of which only the server knows it."""
    made = {name: v if isinstance(v, StoredColumn) else stored(name, v) for name, v in columns.items()}
    return {name: getattr(values, "hash", None) for name, values in made.items()}


def _spec(values: Stored | StoredColumn) -> Any:
    if isinstance(values, Column):
        return values.manifest()
    return {"hash": values.hash} if isinstance(values, StoredColumn) else values
