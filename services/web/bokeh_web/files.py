"""Files that browsers load: BokehJS of every version, and this service's own scripts and styles.

Each address names its content, by version or by hash, so browsers may keep it for ever.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from bokeh_common.errors import NotFound

OWN = Path(__file__).parent / "static"
GZIP_LEVEL = 6

_BOKEHJS_FILE = re.compile(r"bokeh(-[a-z]+)?\.min\.js")


@dataclass(frozen=True)
class File:
    """A file's content, as it is and compressed with gzip."""

    content_type: str
    plain: bytes
    zipped: bytes


class BokehJS:
    """The versions of BokehJS that this server has."""

    def __init__(self, folder: Path | None) -> None:
        """Take a folder with a folder for each version; the installed `bokeh` package is found by itself."""
        self._folders = (
            {} if folder is None else {item.name: item for item in folder.iterdir() if item.is_dir()}
        )
        installed = _installed()
        if installed is not None:
            self._folders.setdefault(version("bokeh"), installed)

    @property
    def versions(self) -> list[str]:
        """The versions, as their folders are named."""
        return sorted(self._folders)

    def has(self, wanted: str) -> bool:
        """Whether this version is there."""
        return wanted in self._folders

    def read(self, wanted: str, name: str) -> File:
        """Return a file of a version, such as `bokeh-widgets.min.js`; `NotFound`."""
        if wanted not in self._folders or not _BOKEHJS_FILE.fullmatch(name):
            raise NotFound(
                f"This server has no BokehJS {wanted}; it has {', '.join(self.versions) or 'none'}."
            )
        return _read(self._folders[wanted] / name)


@lru_cache
def own_address(name: str) -> str:
    """Return the path under which a file of `static/` is served: its name has a hash of its content."""
    stem, _, ending = name.partition(".")
    digest = hashlib.sha256((OWN / name).read_bytes()).hexdigest()[:12]
    return f"/static/assets/{stem}.{digest}.{ending}"


def read_own(address: str) -> File:
    """Return the file of `static/` that `own_address` names; `NotFound`."""
    for item in OWN.iterdir():
        if own_address(item.name) == address:
            return _read(item)
    raise NotFound("There is no such file; reload the page that asked for it.")


def _installed() -> Path | None:
    try:
        spec = find_spec("bokeh")  # finds it without importing it
    except (PackageNotFoundError, ValueError):
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "server/static/js"


@lru_cache(maxsize=64)
def _read(path: Path) -> File:
    try:
        plain = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"There is no file {path.name} here.") from None
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if content_type.startswith("text/"):
        content_type += "; charset=utf-8"
    return File(content_type, plain, gzip.compress(plain, GZIP_LEVEL, mtime=0))
