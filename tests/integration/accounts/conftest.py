"""Fixtures `cloud`, `ada` and `bob`: a cloud with accounts on each storage backend, and two users of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from tests.support.users import RunningCloud, User, start_cloud_with_accounts

PUBLISHING = ("plots:read", "plots:write", "data:read", "data:write", "account")

#: All tests have the same client address; rate limits are tested on a cloud of their own.
HIGH_LIMITS = {"BOKEH_CLOUD_MAILS_PER_HOUR": "1000", "BOKEH_CLOUD_WRONG_KEYS": "1000"}


@pytest.fixture(scope="session")
def cloud(
    cloud_storage: str, backend: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningCloud]:
    """A running cloud with accounts, and a file of everything that it prints."""
    log_file = tmp_path_factory.mktemp("accounts") / "log"
    with start_cloud_with_accounts(cloud_storage, log_file=log_file, **HIGH_LIMITS) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def ada(cloud: RunningCloud) -> User:
    """A user who is signed in."""
    user = User(cloud, "ada")
    user.register()
    return user


@pytest.fixture(scope="session")
def bob(cloud: RunningCloud) -> User:
    """Another user who is signed in."""
    user = User(cloud, "bob")
    user.register()
    return user


def line(slope: float = 1) -> Any:
    """Return a figure of a line."""
    plot = figure(title=f"slope {slope}")
    plot.line(np.arange(100.0), np.arange(100.0) * slope)
    return plot


def publish_line(user: User, slope: float, name: str) -> tuple[bokeh_cloud.Plot, str]:
    """Publish a figure with a new key; return the plot and the key."""
    key = user.make_key(*PUBLISHING)
    return bokeh_cloud.Server(user.cloud.url, apikey=key).publish(line(slope), name), key
