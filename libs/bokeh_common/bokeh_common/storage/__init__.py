"""Storage of the services: records and blobs, on a backend that is chosen by a URL.

local:///var/lib/bokeh-cloud        SQLite and files under one folder
redis://host:6379/0                 one Redis or a Redis Cluster; rediss:// for TLS
azure://container                   Azure Blob Storage; the account is in the usual AZURE_STORAGE_* variables
"""

from importlib import import_module
from types import ModuleType

from bokeh_common.errors import Invalid, NotFound, Unavailable
from bokeh_common.metrics import instrument
from bokeh_common.storage.interfaces import (
    ABSENT,
    JSON,
    Absent,
    BackendTraits,
    BlobStat,
    BlobStore,
    Record,
    RecordStore,
)
from bokeh_common.storage.validation import check_namespace

__all__ = [
    "ABSENT", "JSON", "Absent", "BackendTraits", "BlobStat", "BlobStore", "Record", "RecordStore",
    "is_empty", "namespaces", "open_blobs", "open_records", "require_storage",
]  # fmt: skip

_BACKENDS = {"local": "local", "redis": "redis", "rediss": "redis", "azure": "azure"}

#: What the backends need beyond the dependencies of this package, for `pip install`.
_LIBRARIES = {"redis": "redis", "azure": "azure-storage-blob azure-identity"}


def open_records(url: str, namespace: str) -> RecordStore:
    """Open the records of one service.

    Args:
        url: the storage; see this module.
        namespace: the service's name, such as "plots". The keys of other namespaces are not visible.

    Raises:
        Invalid: the URL or the namespace is not valid.
        Unavailable: the storage does not respond, or is configured to lose data.
        ImportError: the libraries of the backend are not installed; the message names the extra.
    """
    store: RecordStore = _backend(url).open_records(url, check_namespace(namespace))
    return instrument(store, "records", namespace)


def open_blobs(url: str, namespace: str) -> BlobStore:
    """Open the blobs of one service; arguments and errors are those of `open_records`."""
    store: BlobStore = _backend(url).open_blobs(url, check_namespace(namespace))
    return instrument(store, "blobs", namespace)


def namespaces(url: str) -> list[str]:
    """Return all namespaces of a storage, sorted; errors are those of `open_records`."""
    found: list[str] = _backend(url).namespaces(url)
    return found


def is_empty(url: str) -> bool:
    """Return whether nothing was ever stored at a URL; nothing is created, but a container of Azure.

    Errors are those of `open_records`.
    """
    try:
        return not namespaces(url)
    except Unavailable as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        return True


def require_storage(url: str) -> None:
    """Raise `NotFound` if nothing was ever stored at a URL; nothing is created, but a container of Azure.

    Commands of operators call this: a misspelled URL would otherwise be a new storage, in which nothing is
    wrong. Other errors are those of `open_records`.
    """
    if is_empty(url):
        raise NotFound(
            f"There is no cloud in the storage {url}: nothing has been stored there. Set --storage or "
            "BOKEH_CLOUD_STORAGE to the storage that the server uses."
        )


def _backend(url: str) -> ModuleType:
    scheme = url.partition("://")[0]
    if "://" not in url or scheme not in _BACKENDS:
        raise Invalid(
            f"The storage URL {url!r} must begin with one of {', '.join(f'{s}://' for s in _BACKENDS)}."
        )
    try:
        return import_module(f"bokeh_common.storage.{_BACKENDS[scheme]}")
    except ModuleNotFoundError as error:
        libraries = _LIBRARIES.get(_BACKENDS[scheme], "")
        message = f"Storage at {scheme}:// needs: pip install {libraries} ({error})"
        raise ImportError(message) from error
