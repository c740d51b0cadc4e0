"""Backends that are accessed through the fault proxy."""

import os
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

import pytest

from bokeh_common.errors import Unavailable
from bokeh_common.storage import BlobStore, RecordStore
from bokeh_common.storage.testing.servers.azure import AzureBackend, connection_string
from bokeh_common.storage.testing.servers.backend import Backend
from bokeh_common.storage.testing.servers.processes import ServerProcess, azurite_server, redis_server
from bokeh_common.storage.testing.servers.proxy import FaultProxy
from bokeh_common.storage.testing.servers.redis import RedisBackend

TIMEOUT_SECONDS = 1.5  # the timeout of the stores, by their URL
RESET_ATTEMPTS = 5
OPTIONS = f"?timeout={TIMEOUT_SECONDS}"


class ProxiedBackend(ABC):
    """A backend behind a proxy, with a server of its own.

    Attributes:
        direct: the same backend without the proxy.
        records, blobs: the stores under test, with ``record`` = "old" and ``blob``.
        old: the bytes of ``blob``.
    """

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.proxy = FaultProxy(server.port)
        self.old = os.urandom(6 << 20)
        self.direct = self.backend(server.port)
        through = self.backend(self.proxy.port)
        through.namespace = self.direct.namespace
        self.records: RecordStore = through.records()
        self.blobs: BlobStore = through.blobs()

    def reset(self) -> "ProxiedBackend":
        """Restore the state before a test; the timeout is short for a server on a busy machine."""
        for _ in range(RESET_ATTEMPTS - 1):
            with suppress(Unavailable):
                self._restore()
                return self
        self._restore()
        return self

    def _restore(self) -> None:
        for record in self.records.list():
            self.records.delete(record.key)
        for stat in self.blobs.list():
            if (stat.key, stat.size) != ("blob", len(self.old)):
                self.blobs.delete(stat.key)
        self.records.put("record", "old")
        if not self.blobs.list():
            self.blobs.put("blob", [self.old])

    @abstractmethod
    def backend(self, port: int) -> Backend:
        """Return the backend at a port."""

    def kill(self) -> None:
        """Kill the server, once confirmed writes are as durable as the traits say."""
        time.sleep(self.records.traits.lost_seconds)
        self.server.kill()

    def read(self) -> bytes:
        """Return the bytes of ``blob``."""
        return b"".join(self.blobs.get("blob"))

    def check_intact(self) -> None:
        """Check that the state is the one before the test."""
        assert self.direct.stored_records() == {"record": "old"}
        assert self.direct.stored_blobs() == {"blob": self.old}
        assert self.records.get("record").value == "old"
        assert self.read() == self.old
        assert [stat.key for stat in self.blobs.list()] == ["blob"]


class ProxiedRedis(ProxiedBackend):
    """A Redis server behind a proxy."""

    def __init__(self, folder: Path) -> None:
        super().__init__(redis_server(folder))

    def backend(self, port: int) -> Backend:
        return RedisBackend(port, options=OPTIONS)


class ProxiedAzure(ProxiedBackend):
    """An Azurite behind a proxy."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        super().__init__(azurite_server(folder))

    def backend(self, port: int) -> Backend:
        self._monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(port))
        return AzureBackend(port, options=OPTIONS)
