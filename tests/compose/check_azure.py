"""Storage in somebody's own Azure account, by its file over compose.yaml, started for real."""

import base64
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.compose.conftest import registered, seen_by
from tests.compose.engine import Compose, running
from tests.compose.seen import published

#: Asks the account itself, past all code of ours, how many blobs the container has.
COUNT = """
from os import environ
from azure.storage.blob import ContainerClient
credential = {"account_name": environ["AZURE_STORAGE_ACCOUNT"], "account_key": environ["AZURE_STORAGE_KEY"]}
container = ContainerClient(environ["AZURE_STORAGE_SERVICE_ENDPOINT"], "of-ones-own", credential)
print(len(list(container.list_blobs())))
"""


@pytest.fixture(scope="module")
def azure(engine: None) -> Iterator[Compose]:
    environ = {
        "AZURE_STORAGE_ACCOUNT": "mine",
        "AZURE_STORAGE_KEY": base64.b64encode(secrets.token_bytes(64)).decode(),
        "AZURE_STORAGE_SERVICE_ENDPOINT": "http://account:10000/mine",
        "BOKEH_CLOUD_STORAGE": "azure://of-ones-own",
    }
    files = ("compose.yaml", "deploy/compose/azure.yaml", "tests/compose/account.yaml")
    with running(Compose("bokeh-cloud-azure", files, environ), "account") as compose:
        yield compose


def blobs(azure: Compose) -> int:
    return int(azure("exec", "-T", "data", "python", "-c", COUNT))


def test_an_account_of_ones_own_keeps_everything(azure: Compose, browser: Browser) -> None:
    assert "azurite" not in azure.services()
    before = blobs(azure)
    published(azure.url, registered(seen_by(azure), "ada"), browser)
    assert blobs(azure) > before
