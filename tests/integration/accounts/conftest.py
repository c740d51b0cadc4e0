"""Fixtures of the tests of accounts: one cloud with accounts on each backend, and people who use it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bokeh.plotting import figure

import bokeh_cloud
from tests.conftest import one_process
from tests.integration.people import Cloud, Person
from tests.mailbox import Mailbox, smtp_server

PUBLISHING = ("plots:read", "plots:write", "data:read", "data:write", "account")

#: All tests come from one address; what limits do to that is tested on a cloud of its own.
MANY = {"BOKEH_CLOUD_MAILS_PER_HOUR": "1000", "BOKEH_CLOUD_WRONG_KEYS": "1000"}


@pytest.fixture(scope="session")
def cloud(cloud_storage: str, backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running cloud with accounts, a mail server, and a file of all that it prints."""
    box, printed = Mailbox(), tmp_path_factory.mktemp("printed") / "output"
    with smtp_server(box) as port, printed.open("wb") as output:
        environ = {**MANY, "BOKEH_CLOUD_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        with one_process(cloud_storage, "--accounts", output=output, **environ) as url:
            yield Cloud(url, box, printed)


@pytest.fixture(scope="session")
def ada(cloud: Cloud) -> Person:
    """Somebody who is signed in."""
    person = Person(cloud, "ada")
    person.register()
    return person


@pytest.fixture(scope="session")
def bob(cloud: Cloud) -> Person:
    """Somebody else."""
    person = Person(cloud, "bob")
    person.register()
    return person


def line(slope: float = 1) -> Any:
    """Return a figure."""
    plot = figure(title=f"slope {slope}")
    plot.line(np.arange(100.0), np.arange(100.0) * slope)
    return plot


def published(person: Person, slope: float, name: str) -> tuple[bokeh_cloud.Plot, str]:
    """Publish a figure with a new key; return the plot and the key."""
    key = person.make_key(*PUBLISHING)
    return bokeh_cloud.Server(person.cloud.url, apikey=key).publish(line(slope), name), key
