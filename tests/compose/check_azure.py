"""A cloud on an Azure storage account outside of its containers (`deploy/compose/azure.yaml`)."""

import base64
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.compose.chromium_check import publish_and_check
from tests.compose.conftest import register_user, running_cloud
from tests.compose.engine import Compose, start_compose

#: Prints how many blobs the container has, without any code of ours.
COUNT_BLOBS = """
from os import environ
from azure.storage.blob import ContainerClient
credential = {"account_name": environ["AZURE_STORAGE_ACCOUNT"], "account_key": environ["AZURE_STORAGE_KEY"]}
container = ContainerClient(environ["AZURE_STORAGE_SERVICE_ENDPOINT"], "own-container", credential)
print(len(list(container.list_blobs())))
"""


@pytest.fixture(scope="module")
def azure(engine: None) -> Iterator[Compose]:
    environ = {
        "AZURE_STORAGE_ACCOUNT": "mine",
        "AZURE_STORAGE_KEY": base64.b64encode(secrets.token_bytes(64)).decode(),
        "AZURE_STORAGE_SERVICE_ENDPOINT": "http://account:10000/mine",
        "BOKEH_CLOUD_STORAGE": "azure://own-container",
    }
    files = ("compose.yaml", "deploy/compose/azure.yaml", "tests/compose/account.yaml")
    with start_compose(Compose("bokeh-cloud-azure", files, environ), "account") as compose:
        yield compose


def count_blobs(azure: Compose) -> int:
    return int(azure("exec", "-T", "data", "python", "-c", COUNT_BLOBS))


def test_the_azure_account_stores_everything(azure: Compose, browser: Browser) -> None:
    assert "azurite" not in azure.services()
    before = count_blobs(azure)
    publish_and_check(azure.url, register_user(running_cloud(azure), "ada"), browser)
    assert count_blobs(azure) > before
