"""Fixtures of the tests of the auth service over HTTP."""

from pathlib import Path

import pytest
from falcon import testing

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_auth.mail.messages import MessageWriter
from bokeh_common.storage import RecordStore
from tests.support.auth_client import create_client


@pytest.fixture
def client(store: RecordStore, storage: str, tmp_path: Path) -> testing.TestClient:
    """Return a client of the application."""
    return create_client(store, storage, tmp_path / "outbox")


@pytest.fixture
def key(domain: AccountDomain) -> str:
    """Return a key with all scopes of the account `ada`; there is an account `bob`, too."""
    domain.accounts.create("ada@example.com", "ada")
    domain.accounts.create("bob@example.com", "bob")
    return domain.keys.create("ada", "first", list(SCOPES), None, frozenset(SCOPES))[1]


@pytest.fixture
def messages(domain: AccountDomain) -> MessageWriter:
    return MessageWriter(domain.accounts, domain.links, "https://cloud.example.org/", "noreply@example.org")
