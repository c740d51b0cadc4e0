"""A column that the server has: its name there, and its values when somebody asks for them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from bokeh.core.serialization import Serializer

#: Where a document is being published: the URL and the account; columns stored there are not sent.
_destination: ContextVar[tuple[str, str] | None] = ContextVar("_destination", default=None)


class StoredColumn:
    """A column of a data source on the server. Wherever an array goes, its values are fetched, once."""

    def __init__(
        self, source_id: str, home: tuple[str, str], summary: Mapping[str, Any], fetch: Callable[[], Any]
    ):
        self.source_id = source_id
        self.hash: str = summary["hash"]
        self.dtype: str = summary["dtype"]
        self.shape: tuple[int, ...] = tuple(summary["shape"])
        self.size: int = summary["size"]
        self.length: int = summary.get("length", self.shape[0] if self.shape else 0)
        self.shown: Mapping[str, Any] = summary.get("shown") or summary
        self._home = home
        self._fetch = fetch
        self._values: Any = None

    def __repr__(self) -> str:
        return f"<StoredColumn {self.dtype}, {self.length} rows, {self.size} bytes>"

    @property
    def values(self) -> Any:
        """The values, as an array; texts and lists as one of objects."""
        if self._values is None:
            self._values = self._fetch()
        return self._values

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __getitem__(self, index: Any) -> Any:
        return self.values[index]

    def __contains__(self, item: object) -> bool:
        return item in self.values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.values, dtype=dtype, copy=True) if copy else np.asarray(self.values, dtype=dtype)

    def is_at(self, home: tuple[str, str] | None) -> bool:
        """Tell whether it is stored by an account (URL and name)."""
        return self._home == home


@contextmanager
def publishing_to(url: str, user: str) -> Iterator[None]:
    """Serialise documents for an account: columns that are stored there stay references."""
    token = _destination.set((url, user))
    try:
        yield
    finally:
        _destination.reset(token)


def is_destination(url: str, user: str) -> bool:
    """Tell whether a document is being published to an account."""
    return _destination.get() == (url, user)


def _encode(column: StoredColumn, serializer: Serializer) -> Any:
    if not column.is_at(_destination.get()):
        return serializer.encode(column.values)
    return {"type": "stored", "source": column.source_id, "hash": column.hash, **_kind(column)}


def _kind(column: StoredColumn) -> dict[str, Any]:
    return {"dtype": column.shown["dtype"], "shape": list(column.shown["shape"])}


Serializer.register(StoredColumn, _encode)
