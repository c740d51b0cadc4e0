"""The local backend: SQLite and files under one folder, for one machine and any number of its processes.

    <folder>/<namespace>/records.sqlite     read it with sqlite3
    <folder>/<namespace>/blobs/             read it with ls
    <folder>/<namespace>/incoming/          blobs that are being written

The folder must be on a local disk: neither SQLite's WAL nor rename-and-fsync holds on network file systems.
"""

from pathlib import Path

from bokeh_common.errors import Invalid
from bokeh_common.storage.local_blobs import LocalBlobStore
from bokeh_common.storage.local_files import translated
from bokeh_common.storage.local_records import LocalRecordStore

_SCHEME = "local://"


def open_records(url: str, namespace: str) -> LocalRecordStore:
    """Open the records in the folder that a URL names."""
    return LocalRecordStore(folder(url) / namespace / "records.sqlite")


def open_blobs(url: str, namespace: str) -> LocalBlobStore:
    """Open the blobs in the folder that a URL names."""
    return LocalBlobStore(folder(url) / namespace)


def namespaces(url: str) -> list[str]:
    """Return the namespaces in the folder that a URL names."""
    path = folder(url)
    with translated(path, missing=True):
        return sorted(
            entry.name
            for entry in path.iterdir()
            if (entry / "records.sqlite").is_file() or (entry / "blobs").is_dir()
        )


def folder(url: str) -> Path:
    """Return the folder of a URL; what follows ``local://`` is taken as it is, without any unquoting."""
    path = url.removeprefix(_SCHEME)
    if not path.startswith("/"):
        raise Invalid(
            f"A local storage URL names an absolute folder, as in local:///var/lib/bokeh-cloud, not {url!r}."
        )
    return Path(path)
