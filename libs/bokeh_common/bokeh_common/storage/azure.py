"""The Azure backend: one container of Azure Blob Storage, or of its emulator Azurite, for many machines.

    azure://container?timeout=10        seconds that one attempt of a call may take

The account is in the variables that Azure's own tools read; see `azure_account`. The container is made when
it is not there. Names in it: ``<namespace>/records/<name>`` and ``<namespace>/blobs/<name>``; see `names` for
how keys are written. Accounts with a hierarchical namespace list in another order and are not supported.
"""

import os
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from bokeh_common.errors import Invalid
from bokeh_common.storage.azure_account import Account
from bokeh_common.storage.azure_blobs import AzureBlobStore
from bokeh_common.storage.azure_container import Container
from bokeh_common.storage.azure_records import AzureRecordStore
from bokeh_common.storage.keys import check_timeout

TIMEOUT_SECONDS = 10.0


def open_records(url: str, namespace: str) -> AzureRecordStore:
    """Open the records in the container that a URL names."""
    return AzureRecordStore(container(url), namespace)


def open_blobs(url: str, namespace: str) -> AzureBlobStore:
    """Open the blobs in the container that a URL names."""
    return AzureBlobStore(container(url), namespace)


def namespaces(url: str) -> list[str]:
    """Return the namespaces in the container that a URL names."""
    return container(url).namespaces()


def container(url: str) -> Container:
    """Connect to a container, and make it when it is not there."""
    parts = urlsplit(url)
    if not parts.netloc or parts.path.strip("/"):
        raise Invalid(f"An Azure storage URL names a container, as in azure://bokeh-cloud, not {url!r}.")
    options = dict(parse_qsl(parts.query))
    return _connect(parts.netloc, Account.from_env(os.environ), check_timeout(options, TIMEOUT_SECONDS))


@lru_cache(maxsize=8)
def _connect(name: str, account: Account, seconds: float) -> Container:
    """Connect once per process: the stores of all services share the connections."""
    return Container(name, account, seconds)
