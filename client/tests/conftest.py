"""What every test starts from: nothing of the environment of who runs it, and a cloud in memory."""

from collections.abc import Iterator

import pytest

import bokeh_cloud

from .inmemory import InMemoryCloud, listening


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BOKEH_CLOUD_URL", "BOKEH_CLOUD_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cloud() -> Iterator[InMemoryCloud]:
    cloud = InMemoryCloud()
    with listening(cloud):
        yield cloud


@pytest.fixture
def server(cloud: InMemoryCloud) -> bokeh_cloud.Server:
    return bokeh_cloud.Server(cloud.url)
