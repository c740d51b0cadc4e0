"""Fixtures of the tests of the client against a running cloud."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import bokeh_cloud
from tests.conftest import one_process
from tests.integration.people import Cloud, Person
from tests.mailbox import Mailbox, smtp_server

EVERYTHING = ("plots:read", "plots:write", "data:read", "data:write", "keys:write", "gc:run", "account")


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


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud with accounts, and its mailbox."""
    box = Mailbox()
    storage = f"local://{tmp_path_factory.mktemp('accounts')}"
    with (
        smtp_server(box) as port,
        one_process(storage, "--accounts", BOKEH_CLOUD_SMTP_URL=f"smtp://127.0.0.1:{port}") as url,
    ):
        yield Cloud(url, box)


@pytest.fixture(scope="session")
def key(accounts: Cloud) -> str:
    """The key of `maria`."""
    person = Person(accounts, "maria")
    person.register()
    return person.make_key(*EVERYTHING)
