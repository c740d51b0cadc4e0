"""Fixtures of the tests that use the client with a running cloud."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import bokeh_cloud
from tests.support.users import RunningCloud, User, start_cloud_with_accounts

ALL_SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "keys:write", "gc:run", "account")


@pytest.fixture(autouse=True)
def config_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cloud: str) -> Path:
    """Return the empty folder of the configuration; the environment has the URL of the cloud only."""
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
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """Return a cloud with accounts, and its mailbox."""
    with start_cloud_with_accounts(f"local://{tmp_path_factory.mktemp('accounts')}") as cloud:
        yield cloud


@pytest.fixture(scope="session")
def key(accounts: RunningCloud) -> str:
    """Return an API key of `maria` with all scopes."""
    user = User(accounts, "maria")
    user.register()
    return user.make_key(*ALL_SCOPES)


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes of chunks that this process uploads, to which each upload is added."""
    sizes: list[int] = []
    send = requests.Session.send

    def record(self: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        if request.method == "PUT" and "/chunks/" in str(request.url):
            sizes.append(len(request.body or b""))
        return send(self, request, **how)

    monkeypatch.setattr(requests.Session, "send", record)
    return sizes
