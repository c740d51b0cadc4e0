"""Stores behind the fault proxy."""

from pathlib import Path

import pytest

from bokeh_common.storage.testing.azure import AzureMedium, connection_string
from bokeh_common.storage.testing.faults import SECONDS, Network
from bokeh_common.storage.testing.medium import Medium
from bokeh_common.storage.testing.redis import RedisMedium
from bokeh_common.storage.testing.servers import azurite_server, redis_server

OPTIONS = f"?timeout={SECONDS}"


class RedisNetwork(Network):
    """A Redis of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(redis_server(folder))

    def medium(self, port: int) -> Medium:
        return RedisMedium(port, options=OPTIONS)


class AzureNetwork(Network):
    """An Azurite of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        super().__init__(azurite_server(folder))

    def medium(self, port: int) -> Medium:
        self._monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(port))
        return AzureMedium(port, options=OPTIONS)
