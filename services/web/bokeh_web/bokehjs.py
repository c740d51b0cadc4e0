"""BokehJS, of every version that this server has."""

import re
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from cachetools import TTLCache, cached

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.storage import BlobStore
from bokeh_web.assets import File, file_of

#: Where versions are in the storage: `bokehjs/{version}/{file}`.
ROOM = "bokehjs/"
LIST_SECONDS = 60
FILES_KEPT = 48

FILE = re.compile(r"bokeh(-[a-z]+)?\.min\.js")
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)([.-]?[a-z0-9.]+)?")


class BokehJS:
    """The versions of BokehJS that this server has.

    They are found in three places: a folder with a folder for each version, as an image brings them; the
    storage, where `bokeh-cloud admin bokehjs add` puts them; and an installed `bokeh` package.
    """

    def __init__(self, folder: Path | None = None, blobs: BlobStore | None = None) -> None:
        """Name the places; `Invalid` where the folder is none."""
        if folder is not None and not folder.is_dir():
            raise Invalid(
                f"BOKEH_CLOUD_BOKEHJS must be a folder with one for each version; there is none at {folder}."
            )
        self._folders = (
            {} if folder is None else {item.name: item for item in folder.iterdir() if item.is_dir()}
        )
        installed = _installed()
        if installed is not None:
            self._folders.setdefault(version("bokeh"), installed)
        self._blobs = blobs
        # An operator adds a version while servers run; they see it a minute later.
        self._stored = cached(TTLCache(1, LIST_SECONDS))(self._list_stored)
        self.read = lru_cache(FILES_KEPT)(self._read)

    @property
    def versions(self) -> list[str]:
        """The versions, oldest first."""
        return sorted({*self._folders, *self._stored()}, key=_ordered)

    def choose(self, wanted: str) -> str | None:
        """Return this version, or else the one of the same major version whose minor is nearest.

        Of two that are as near, the newer one: what a document says, newer ones mostly still understand.
        """
        if wanted in self._folders or wanted in self._stored():
            return wanted
        major, minor, *_ = _ordered(wanted)
        same = [known for known in self.versions if _ordered(known)[0] == major and major > 0]
        return max(same, key=lambda known: (-abs(_ordered(known)[1] - minor), _ordered(known)), default=None)

    def _read(self, wanted: str, name: str) -> File:
        """Return a file of a version, such as `bokeh-widgets.min.js`; `NotFound`."""
        if not FILE.fullmatch(name) or wanted not in self.versions:
            raise NotFound(
                f"This server has no BokehJS {wanted}; it has {', '.join(self.versions) or 'none'}."
            )
        return file_of(name, self._content(wanted, name))

    def _content(self, wanted: str, name: str) -> bytes:
        if wanted in self._folders:
            try:
                return (self._folders[wanted] / name).read_bytes()
            except FileNotFoundError:
                raise NotFound(f"BokehJS {wanted} has no {name}.") from None
        assert self._blobs is not None  # noqa: S101  # else no version would be stored
        return b"".join(self._blobs.get(f"{ROOM}{wanted}/{name}"))

    def _list_stored(self) -> frozenset[str]:
        if self._blobs is None:
            return frozenset()
        return frozenset(name.removeprefix(ROOM).partition("/")[0] for name in keys_of(self._blobs))


def keys_of(blobs: BlobStore) -> list[str]:
    """Return the keys of all files of BokehJS in a storage."""
    keys: list[str] = []
    while page := blobs.list(ROOM, keys[-1] if keys else ""):
        keys.extend(blob.key for blob in page)
    return keys


def _ordered(text: str) -> tuple[int, int, int]:
    found = VERSION.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)


def _installed() -> Path | None:
    try:
        spec = find_spec("bokeh")  # finds it without importing it
    except (PackageNotFoundError, ValueError):
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "server/static/js"
