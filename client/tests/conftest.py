"""Fixtures: an environment without settings, and a cloud in memory."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import bokeh_cloud

from .inmemory import InMemoryCloud, listening


@pytest.fixture(autouse=True)
def config_dir(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the empty folder of the configuration; environment variables are removed, too."""
    for name in [name for name in os.environ if name.startswith("BOKEH_CLOUD_")]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("BOKEH_CLOUD_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture
def cloud() -> Iterator[InMemoryCloud]:
    cloud = InMemoryCloud()
    with listening(cloud):
        yield cloud


@pytest.fixture
def server(cloud: InMemoryCloud) -> bokeh_cloud.Server:
    return bokeh_cloud.Server(cloud.url)
