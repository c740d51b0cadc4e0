"""The Azure backend: one container of Azure Blob Storage, or of its emulator Azurite, for many machines.

    azure://container?timeout=10        seconds that each attempt of a call may take

The account is taken from the environment variables of Azure's own tools; see `account`. The container is
created if it does not exist. Names in it are ``<namespace>/records/<name>`` and ``<namespace>/blobs/<name>``;
see `key_encoding` for how keys are encoded. Accounts with a hierarchical namespace list blobs in another
order and are not supported.
"""

import os
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from bokeh_common.errors import Invalid
from bokeh_common.storage.azure.account import AzureAccount
from bokeh_common.storage.azure.blobs import AzureBlobStore
from bokeh_common.storage.azure.container import AzureContainer
from bokeh_common.storage.azure.records import AzureRecordStore
from bokeh_common.storage.validation import check_timeout

TIMEOUT_SECONDS = 10.0


def open_records(url: str, namespace: str) -> AzureRecordStore:
    """Open the records of a namespace in the container of a URL."""
    return AzureRecordStore(container(url), namespace)


def open_blobs(url: str, namespace: str) -> AzureBlobStore:
    """Open the blobs of a namespace in the container of a URL."""
    return AzureBlobStore(container(url), namespace)


def namespaces(url: str) -> list[str]:
    """Return the namespaces in the container of a URL, sorted."""
    return container(url).namespaces()


def container(url: str) -> AzureContainer:
    """Connect to a container, and create it if it does not exist."""
    parts = urlsplit(url)
    if not parts.netloc or parts.path.strip("/"):
        raise Invalid(f"An Azure storage URL must name a container, as in azure://bokeh-cloud, not {url!r}.")
    options = dict(parse_qsl(parts.query))
    return _connect(parts.netloc, AzureAccount.from_env(os.environ), check_timeout(options, TIMEOUT_SECONDS))


@lru_cache(maxsize=8)
def _connect(name: str, account: AzureAccount, seconds: float) -> AzureContainer:
    """Connect, once for each process, as the stores of all services share the connections."""
    return AzureContainer(name, account, seconds)
