"""The versions of BokehJS that this server can serve."""

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.storage import BlobStore

#: Keys of stored files are `bokehjs/{version}/{file}`.
KEY_PREFIX = "bokehjs/"

FILE = re.compile(r"bokeh(-[a-z]+)?\.min\.js")
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)([.-]?[a-z0-9.]+)?")


class BokehJSVersions:
    """The versions of BokehJS that this server can serve.

    There are three places for them: a folder with a subfolder for each version, as in images; the storage,
    into which `bokeh-cloud admin bokehjs add` writes; and the installed `bokeh` package.
    """

    def __init__(self, folder: Path | None = None, blobs: BlobStore | None = None) -> None:
        """Find the versions.

        Args:
            folder: has a subfolder for each version, named by it; None for none.
            blobs: the storage; None for none.

        Raises:
            Invalid: the folder does not exist.
        """
        if folder is not None and not folder.is_dir():
            raise Invalid(
                f"BOKEH_CLOUD_BOKEHJS must be a folder with one subfolder a version; {folder} is not one."
            )
        self._folders = (
            {} if folder is None else {item.name: item for item in folder.iterdir() if item.is_dir()}
        )
        installed = _installed_folder()
        if installed is not None:
            self._folders.setdefault(version("bokeh"), installed)
        self._blobs = blobs

    def list(self) -> list[str]:
        """Return the versions, from the oldest to the newest."""
        return sorted({*self._folders, *self._list_stored()}, key=_sort_key)

    def content(self, wanted: str, name: str) -> bytes:
        """Return the content of a file of a version that there is, such as `bokeh-widgets.min.js`.

        Raises:
            NotFound: the version does not have the file.
        """
        if wanted in self._folders:
            try:
                return (self._folders[wanted] / name).read_bytes()
            except FileNotFoundError:
                raise NotFound(f"BokehJS {wanted} has no {name}.") from None
        assert self._blobs is not None  # noqa: S101  # else no version would be stored
        return b"".join(self._blobs.get(f"{KEY_PREFIX}{wanted}/{name}"))

    def _list_stored(self) -> frozenset[str]:
        if self._blobs is None:
            return frozenset()
        return frozenset(key.removeprefix(KEY_PREFIX).partition("/")[0] for key in list_keys(self._blobs))


def choose(wanted: str, versions: Sequence[str]) -> str | None:
    """Return the version to show a plot with.

    That is the version that it was made with, else the one of the same major version with the nearest minor
    version, the newer of two that are equally near, since newer ones mostly understand older documents. None
    if there is none of the same major version.
    """
    if wanted in versions:
        return wanted
    major, minor, *_ = _sort_key(wanted)
    same = [known for known in versions if _sort_key(known)[0] == major and major > 0]
    return max(same, key=lambda known: (-abs(_sort_key(known)[1] - minor), _sort_key(known)), default=None)


def list_keys(blobs: BlobStore) -> list[str]:
    """Return the keys of all files of BokehJS in a storage."""
    keys: list[str] = []
    while page := blobs.list(KEY_PREFIX, keys[-1] if keys else ""):
        keys.extend(blob.key for blob in page)
    return keys


def _sort_key(text: str) -> tuple[int, int, int]:
    found = VERSION.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)


def _installed_folder() -> Path | None:
    try:
        spec = find_spec("bokeh")  # finds the package without importing it
    except (PackageNotFoundError, ValueError):
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "server/static/js"
