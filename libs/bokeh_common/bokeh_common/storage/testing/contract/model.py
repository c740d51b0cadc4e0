"""The contract as a model: calls have the same effect on a store as on dictionaries."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, JSON, BlobStore, RecordStore
from bokeh_common.storage.testing.servers.backend import Backend

#: Few keys, so that calls use the same ones, of characters that are special in names.
KEYS = st.text(st.sampled_from("a/.é😀"), min_size=1, max_size=3)
PREFIXES = st.text(st.sampled_from("a/.é😀"), max_size=2)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
BYTES = st.lists(st.binary(max_size=20), max_size=3)
ETAGS = st.sampled_from(["current", "stale", "none", "absent"])


class StoreModel(RuleBasedStateMachine):
    """Both stores of an empty backend, and two dictionaries."""

    backend: Backend  # an attribute of a subclass, as hypothesis creates the machines

    def __init__(self) -> None:
        super().__init__()
        backend = self.unused_backend()
        self.records: RecordStore = backend.records()
        self.blobs: BlobStore = backend.blobs()
        self.values: dict[str, tuple[JSON, str]] = {}
        self.bytes: dict[str, bytes] = {}
        self.stale = "never"

    def unused_backend(self) -> Backend:
        """Return the backend with a namespace that no other machine has used."""
        type(self).count = getattr(type(self), "count", 0) + 1
        namespace = self.backend.namespace.partition("-")[0]
        self.backend.namespace = f"{namespace}-{getattr(type(self), 'count', 0)}"
        return self.backend

    @rule(key=KEYS, value=VALUES, kind=ETAGS)
    def put(self, key: str, value: JSON, kind: str) -> None:
        before = self.values.get(key)
        condition: Any = self._condition(kind, before)
        holds = condition is None or (
            before is None if condition is ABSENT else bool(before and before[1] == condition)
        )
        try:
            etag = self.records.put(key, value, if_match=condition)
        except Conflict:
            assert not holds
        else:
            assert holds
            self.stale = before[1] if before else self.stale
            self.values[key] = value, etag

    @rule(key=KEYS, kind=st.sampled_from(["current", "stale", "none"]))
    def delete(self, key: str, kind: str) -> None:
        before = self.values.get(key)
        condition: Any = self._condition(kind, before)
        holds = condition is None or bool(before and before[1] == condition)
        try:
            self.records.delete(key, if_match=condition)
        except Conflict:
            assert not holds
        else:
            assert holds
            self.values.pop(key, None)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        try:
            record = self.records.get(key)
        except NotFound:
            assert key not in self.values
        else:
            assert (record.value, record.etag) == self.values[key]

    @rule(prefix=PREFIXES, after=PREFIXES, limit=st.integers(1, 4))
    def page(self, prefix: str, after: str, limit: int) -> None:
        assert [record.key for record in self.records.list(prefix, after, limit)] == page(
            self.values, prefix, after, limit
        )
        assert [stat.key for stat in self.blobs.list(prefix, after, limit)] == page(
            self.bytes, prefix, after, limit
        )

    @rule(key=KEYS, data=BYTES)
    def put_blob(self, key: str, data: list[bytes]) -> None:
        self.bytes[key] = b"".join(data)
        assert self.blobs.put(key, data).size == len(self.bytes[key])

    @rule(key=KEYS)
    def delete_blob(self, key: str) -> None:
        self.blobs.delete(key)
        self.bytes.pop(key, None)

    @rule(key=KEYS, start=st.integers(0, 30), end=st.none() | st.integers(0, 60))
    def get_blob(self, key: str, start: int, end: int | None) -> None:
        try:
            data = b"".join(self.blobs.get(key, start, end))
            self.blobs.touch(key)
        except NotFound:
            assert key not in self.bytes
        else:
            assert data == self.bytes[key][start:end]

    @precondition(lambda self: self.values or self.bytes)
    @invariant()
    def stores_equal_dictionaries(self) -> None:
        found = self.records.list()
        assert [(record.key, record.value, record.etag) for record in found] == [
            (key, *self.values[key]) for key in page(self.values)
        ]
        stats = [(stat.key, stat.size) for stat in self.blobs.list()]
        assert stats == [(key, len(self.bytes[key])) for key in page(self.bytes)]

    def _condition(self, kind: str, before: tuple[JSON, str] | None) -> Any:
        current = before[1] if before else "never"
        return {"none": None, "absent": ABSENT, "stale": self.stale, "current": current}[kind]


def page(keys: dict[str, Any], prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
    """Return the expected page of these keys."""
    ordered = sorted(keys, key=str.encode)
    return [key for key in ordered if key.startswith(prefix) and key.encode() > after.encode()][:limit]
