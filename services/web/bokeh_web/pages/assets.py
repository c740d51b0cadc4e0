"""The web service's own scripts, style sheets and images.

Each URL contains the hash of its file, so browsers may cache it forever.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from bokeh_common.errors import NotFound
from bokeh_web.pages.branding import Brand
from bokeh_web.pages.scripts import is_entry, link

STATIC_FOLDER = Path(__file__).parents[1] / "static"
GZIP_LEVEL = 6
HASH_DIGITS = 12


@dataclass(frozen=True)
class StaticFile:
    """A file to be served, also compressed with gzip."""

    content_type: str
    content: bytes
    gzipped: bytes


class Assets:
    """The files of `static/`, with the brand's colours and logo."""

    def __init__(self, brand: Brand | None = None) -> None:
        """Read all files into memory; they are few and small."""
        brand = brand or Brand()
        contents = {name: _read(STATIC_FOLDER / name) for name in asset_names()}
        contents["site/site.css"] += brand.style.encode()
        self.logo = "site/icon.svg"
        if brand.logo is not None:
            self.logo = f"logo{brand.logo.suffix.lower()}"
            contents[self.logo] = brand.logo.read_bytes()
        self._urls = {name: _url(name, content) for name, content in contents.items()}
        self._files = {self._urls[name]: static_file(name, content) for name, content in contents.items()}

    def url(self, name: str) -> str:
        """Return the path of a file's URL; `name` is that in `static/`, such as `site/site.css`."""
        return self._urls[name]

    def read(self, url: str) -> StaticFile:
        """Return the file with a URL.

        Raises:
            NotFound: there is none, or it has changed since.
        """
        if url not in self._files:
            raise NotFound("There is no such file. Reload the page that refers to it.")
        return self._files[url]

    def content(self, name: str) -> bytes:
        """Return the content of a file; `name` as in `url`."""
        return self._files[self._urls[name]].content


def asset_names() -> list[str]:
    """Return the names of the files of `static/` that are served, such as `site/site.css`."""
    files = [path for path in STATIC_FOLDER.rglob("*") if path.is_file()]
    served = [path for path in files if not _is_module(path) or is_entry(path)]
    return sorted(path.relative_to(STATIC_FOLDER).as_posix() for path in served)


def static_file(name: str, content: bytes) -> StaticFile:
    """Make a file of its content; its media type follows from its name."""
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if content_type.startswith("text/"):
        content_type += "; charset=utf-8"
    return StaticFile(content_type, content, gzip.compress(content, GZIP_LEVEL, mtime=0))


def _is_module(path: Path) -> bool:
    return path.suffix == ".js" and STATIC_FOLDER / "vendor" not in path.parents


def _read(path: Path) -> bytes:
    return link(path) if _is_module(path) else path.read_bytes()


def _url(name: str, content: bytes) -> str:
    stem, _, extension = name.rpartition("/")[2].partition(".")
    return f"/static/assets/{stem}.{hashlib.sha256(content).hexdigest()[:HASH_DIGITS]}.{extension}"
