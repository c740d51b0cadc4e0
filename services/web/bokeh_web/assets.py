"""The service's own scripts, styles and pictures.

Each address names the content by its hash, so browsers may keep it for ever.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from bokeh_common.errors import NotFound
from bokeh_web.brand import Brand

OWN = Path(__file__).parent / "static"
GZIP_LEVEL = 6
HASH_DIGITS = 12


@dataclass(frozen=True)
class File:
    """A file's content, as it is and compressed with gzip."""

    content_type: str
    plain: bytes
    zipped: bytes


class Assets:
    """The files of `static/`, with the brand's colours and logo among them."""

    def __init__(self, brand: Brand | None = None) -> None:
        """Read them all: they are few and small."""
        brand = brand or Brand()
        contents = {item.name: item.read_bytes() for item in OWN.iterdir()}
        contents["cloud.css"] += brand.style.encode()
        if brand.logo is not None:
            contents[f"logo{brand.logo.suffix.lower()}"] = brand.logo.read_bytes()
        self.logo = "icon.svg" if brand.logo is None else f"logo{brand.logo.suffix.lower()}"
        self._addresses = {name: _address(name, content) for name, content in contents.items()}
        self._files = {_address(name, content): file_of(name, content) for name, content in contents.items()}

    def address(self, name: str) -> str:
        """Return the path under which a file is served."""
        return self._addresses[name]

    def read(self, address: str) -> File:
        """Return the file of an address; `NotFound`."""
        if address not in self._files:
            raise NotFound("There is no such file; reload the page that asked for it.")
        return self._files[address]

    def plain(self, name: str) -> bytes:
        """Return the content of a file by its name."""
        return self._files[self._addresses[name]].plain


def file_of(name: str, content: bytes) -> File:
    """Make a file of its content; its name tells what it is."""
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if content_type.startswith("text/"):
        content_type += "; charset=utf-8"
    return File(content_type, content, gzip.compress(content, GZIP_LEVEL, mtime=0))


def _address(name: str, content: bytes) -> str:
    stem, _, ending = name.partition(".")
    return f"/static/assets/{stem}.{hashlib.sha256(content).hexdigest()[:HASH_DIGITS]}.{ending}"
