"""The local backend: SQLite and files under one folder, for one machine and any number of its processes.

    <folder>/<namespace>/records.sqlite     can be read with sqlite3
    <folder>/<namespace>/blobs/             can be listed with ls
    <folder>/<namespace>/incoming/          blobs that are being written

The folder must be on a local disk: neither SQLite's WAL nor atomic renames are reliable on network file
systems. Folders and files have the modes 0700 and 0600, see `private_files`.
"""

from pathlib import Path

from bokeh_common.errors import Invalid
from bokeh_common.storage.local.blobs import LocalBlobStore
from bokeh_common.storage.local.durable_files import translate_os_errors
from bokeh_common.storage.local.private_files import is_namespace, restrict_namespace
from bokeh_common.storage.local.records import LocalRecordStore

_SCHEME = "local://"


def open_records(url: str, namespace: str) -> LocalRecordStore:
    """Open the records of a namespace in the folder of a URL."""
    return LocalRecordStore(_private(folder_of(url) / namespace) / "records.sqlite")


def open_blobs(url: str, namespace: str) -> LocalBlobStore:
    """Open the blobs of a namespace in the folder of a URL."""
    return LocalBlobStore(_private(folder_of(url) / namespace))


def namespaces(url: str) -> list[str]:
    """Return the namespaces in the folder of a URL, sorted."""
    path = folder_of(url)
    with translate_os_errors(path, missing=True):
        return sorted(entry.name for entry in path.iterdir() if is_namespace(entry))


def folder_of(url: str) -> Path:
    """Return the folder of a URL; the path after ``local://`` is not percent-decoded."""
    path = url.removeprefix(_SCHEME)
    if not path.startswith("/"):
        raise Invalid(
            f"A local storage URL needs an absolute path, as in local:///var/lib/bokeh-cloud, not {url!r}."
        )
    return Path(path)


def _private(folder: Path) -> Path:
    restrict_namespace(folder)
    return folder
