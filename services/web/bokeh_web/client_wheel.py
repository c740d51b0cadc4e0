"""The wheel of the Python client, which every cloud offers for installation, and its guide.

It is made of the files of the `bokeh-cloud` distribution that is installed beside this service, so it has
the version of the cloud. The service does not import the client.
"""

import hashlib
import io
import zipfile
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

PROJECT = "bokeh-cloud"
PACKAGE = "bokeh_cloud"

#: The tags of a pure Python wheel (PEP 427).
WHEEL = "Wheel-Version: 1.0\nGenerator: bokeh-cloud\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

#: The time of all files in the wheel, so that equal files make equal wheels.
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644 << 16


@dataclass(frozen=True)
class ClientWheel:
    """A wheel of the installed client, packed when it is first requested.

    Attributes:
        version: of the client.
        requires_python: the versions of Python that it supports, such as `>=3.11`.
    """

    version: str
    requires_python: str
    _distribution: Distribution = field(repr=False)

    @property
    def file_name(self) -> str:
        """The name of the file."""
        return f"{PACKAGE}-{self.version}-py3-none-any.whl"

    @property
    def path(self) -> str:
        """The path of its URL."""
        return f"/simple/{PROJECT}/{self.file_name}"

    @cached_property
    def content(self) -> bytes:
        """The bytes of the wheel."""
        return _pack(self._files(), f"{PACKAGE}-{self.version}.dist-info")

    @cached_property
    def sha256(self) -> str:
        """The hash of the bytes, which installers check."""
        return hashlib.sha256(self.content).hexdigest()

    def _files(self) -> dict[str, bytes]:
        info = f"{PACKAGE}-{self.version}.dist-info"
        files = {
            f"{PACKAGE}/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for folder in _package_folders()
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        for name in ("METADATA", "entry_points.txt"):
            files[f"{info}/{name}"] = (self._distribution.read_text(name) or "").encode()
        return files | {f"{info}/WHEEL": WHEEL.encode()}


def find_client_wheel() -> ClientWheel | None:
    """Return the wheel of the installed client; None if the client is not installed beside this service."""
    try:
        found = distribution(PROJECT)
    except PackageNotFoundError:
        return None
    if not _package_folders():
        return None
    return ClientWheel(found.version, found.metadata["Requires-Python"] or "", found)


def find_guide() -> Path | None:
    """Return the folder of the guide: part of the installed package, or beside the source of the package."""
    folders = [place for folder in _package_folders() for place in (folder / "guide", folder.parent / "docs")]
    return next((folder for folder in folders if (folder / "README.md").is_file()), None)


def _package_folders() -> list[Path]:
    """Return the folder of the package, without importing it."""
    spec = find_spec(PACKAGE)
    return [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]


def _pack(files: dict[str, bytes], info: str) -> bytes:
    """Return a wheel of files, to which the list of their hashes is added (PEP 376)."""
    rows = [f"{name},sha256={_record_hash(content)},{len(content)}\n" for name, content in files.items()]
    record = f"{info}/RECORD"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(_entry(name), content)
        archive.writestr(_entry(record), "".join([*sorted(rows), f"{record},,\n"]))
    return buffer.getvalue()


def _record_hash(content: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = FILE_MODE
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
