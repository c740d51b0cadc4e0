"""Fixtures of the tests of the client against a running cloud."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import bokeh_cloud
from tests.conftest import one_process


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a running cloud without keys: that of `CLOUD_URL`, or one that is started for the session."""
    if url := os.environ.get("CLOUD_URL"):
        yield url
        return
    with one_process(f"local://{tmp_path_factory.mktemp('cloud')}") as url:
        yield url


@pytest.fixture(autouse=True)
def config_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cloud: str) -> Path:
    """The empty folder of the configuration, in an environment that names the cloud and no more."""
    for name in [name for name in os.environ if name.startswith("BOKEH_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "config"
    monkeypatch.setenv("BOKEH_CLOUD_CONFIG_DIR", str(folder))
    monkeypatch.setenv("BOKEH_CLOUD_URL", cloud)
    return folder


@pytest.fixture
def server() -> bokeh_cloud.Server:
    return bokeh_cloud.Server()
