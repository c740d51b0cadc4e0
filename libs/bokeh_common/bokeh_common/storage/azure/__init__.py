"""The Azure backend: containers of Azure Blob Storage, or of its emulator Azurite, for many machines.

    azure://container?timeout=10        seconds that each attempt of a call may take
    azure://cloud-*                     a container for each namespace: cloud-auth, cloud-plots and so on

With a container for each namespace, each service can have a credential that is valid for its own
container only: Azure restricts roles and signatures to containers, and not to the prefix of a name. The
account is taken from the environment variables of Azure's own tools; see `account`. Containers are
created if they do not exist. Names in them are ``<namespace>/records/<name>`` and
``<namespace>/blobs/<name>``; see `key_encoding` for how keys are encoded. Accounts with a hierarchical
namespace list blobs in another order and are not supported.
"""

import os
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from azure.core.exceptions import AzureError

from bokeh_common.errors import Invalid
from bokeh_common.storage.azure.account import AzureAccount
from bokeh_common.storage.azure.blobs import AzureBlobStore
from bokeh_common.storage.azure.container import AzureContainer
from bokeh_common.storage.azure.records import AzureRecordStore
from bokeh_common.storage.failures import StorageUnavailable
from bokeh_common.storage.validation import check_timeout

TIMEOUT_SECONDS = 10.0

#: Stands for the namespace in the name of a container.
NAMESPACE = "*"


def open_records(url: str, namespace: str) -> AzureRecordStore:
    """Open the records of a namespace in the container of a URL."""
    return AzureRecordStore(container(url, namespace), namespace)


def open_blobs(url: str, namespace: str) -> AzureBlobStore:
    """Open the blobs of a namespace in the container of a URL."""
    return AzureBlobStore(container(url, namespace), namespace)


def namespaces(url: str) -> list[str]:
    """Return the namespaces in the containers of a URL, sorted."""
    name, account, seconds = _parse(url)
    if NAMESPACE not in name:
        return container(url, "").namespaces()
    before, _, after = name.partition(NAMESPACE)
    try:
        service = account.client(connection_timeout=seconds, read_timeout=seconds)
        names = [found.name for found in service.list_containers(name_starts_with=before)]
    except AzureError as error:
        raise StorageUnavailable(f"The Azure containers {name} cannot be listed now: {error}") from error
    found = [one[len(before) : len(one) - len(after)] for one in names if one.endswith(after)]
    return sorted(one for one in found if one and one in container(url, one).namespaces())


def container(url: str, namespace: str) -> AzureContainer:
    """Connect to the container of a namespace, and create it if it does not exist."""
    name, account, seconds = _parse(url)
    return _connect(name.replace(NAMESPACE, namespace), account, seconds)


def _parse(url: str) -> tuple[str, AzureAccount, float]:
    parts = urlsplit(url)
    if not parts.netloc or parts.path.strip("/") or parts.netloc.count(NAMESPACE) > 1:
        raise Invalid(
            "An Azure storage URL must name a container, as in azure://bokeh-cloud, or one for each"
            f" namespace, as in azure://bokeh-cloud-*, not {url!r}."
        )
    options = dict(parse_qsl(parts.query))
    return parts.netloc, AzureAccount.from_env(os.environ), check_timeout(options, TIMEOUT_SECONDS)


@lru_cache(maxsize=16)
def _connect(name: str, account: AzureAccount, seconds: float) -> AzureContainer:
    """Connect, once for each process, as the stores of all services share the connections."""
    return AzureContainer(name, account, seconds)
