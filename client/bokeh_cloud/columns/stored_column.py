"""A column that is stored on a server; its values are fetched when they are first used."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from bokeh.core.serialization import Serializer

from bokeh_cloud.columns.array_protocol import ArrayProtocol

#: An account: the URL of its server, and its username.
Owner = tuple[str, str]

#: The account that a document is being published to. Columns that it has stored are not sent.
_destination: ContextVar[Owner | None] = ContextVar("_destination", default=None)

_is_loading: ContextVar[bool] = ContextVar("_is_loading", default=False)


class StoredColumn(ArrayProtocol):
    """A column of a data source on the server, which behaves as the array of its values.

    The values are fetched when they are first used.

    Attributes:
        source_id: id of the data source.
        hash: of the column's manifest.
        is_packed: whether rows of it can only be read by reading all of it.
        dtype: of the values, as the server names it.
        nbytes: size in bytes, as it is stored.
        browser_encoding: dtype and shape of the array that browsers get.

    Args:
        source_id: id of the data source.
        owner: the account that has the column.
        summary: the column's JSON summary from the server.
        fetch: returns the values; called once at most.
    """

    def __init__(self, source_id: str, owner: Owner, summary: Mapping[str, Any], fetch: Callable[[], Any]):
        self.source_id = source_id
        self.hash: str = summary["hash"]
        self.is_packed: bool = summary["dtype"] == "packed"
        self.dtype: str = summary.get("type") or summary["dtype"]
        self.nbytes: int = summary["size"]
        self.browser_encoding: Mapping[str, Any] = summary.get("shown") or summary
        self._shape: tuple[int, ...] = tuple(summary["shape"])
        self._owner = owner
        self._fetch = fetch
        self._values: Any = None

    def __repr__(self) -> str:
        rows = "" if self.is_packed and self._values is None else f", {self.length} rows"
        return f"<StoredColumn {self.dtype}{rows}, {self.nbytes} bytes>"

    @property
    def values(self) -> Any:
        """The values as an array; strings and lists as an array of objects."""
        if self._values is None:
            self._values = self._fetch()
        return self._values

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the dimensions; of a packed column, it is known once its values are."""
        if not self.is_packed:
            return self._shape
        is_unknown = self._values is None and _is_loading.get()
        return (0,) if is_unknown else tuple(self.values.shape)

    @property
    def length(self) -> int:
        """Number of rows."""
        return self.shape[0] if self.shape else 0

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.length

    def belongs_to(self, owner: Owner | None) -> bool:
        """Return whether an account has this column."""
        return self._owner == owner


@contextmanager
def loading() -> Iterator[None]:
    """Do not fetch values to tell their number, which Bokeh asks for when `data` is set."""
    token = _is_loading.set(True)
    try:
        yield
    finally:
        _is_loading.reset(token)


@contextmanager
def publishing_to(url: str, user: str) -> Iterator[None]:
    """Serialise documents for an account: columns that it has stored become references."""
    token = _destination.set((url, user))
    try:
        yield
    finally:
        _destination.reset(token)


def is_destination(url: str, user: str) -> bool:
    """Return whether a document is being published to an account."""
    return _destination.get() == (url, user)


def _serialise(column: StoredColumn, serializer: Serializer) -> Any:
    if not column.belongs_to(_destination.get()):
        return serializer.encode(column.values)
    dtype, shape = column.browser_encoding["dtype"], list(column.browser_encoding["shape"])
    return {
        "type": "stored", "source": column.source_id, "hash": column.hash, "dtype": dtype, "shape": shape,
    }  # fmt: skip


Serializer.register(StoredColumn, _serialise)
Sequence.register(StoredColumn)  # so that Bokeh takes it for factors, as in figure(x_range=column)
