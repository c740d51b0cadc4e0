"""The folder of the configuration: `BOKEH_CLOUD_CONFIG_DIR`, else `~/.bokeh`, which Bokeh uses, too."""

import contextlib
import logging
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bokeh_cloud.errors import CloudError

log = logging.getLogger("bokeh_cloud")

PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class ConfigFolder:
    """The folder; `path` is None for users without a home directory, who have no files.

    A folder that cannot be read counts as empty, since arguments and environment variables can replace it.
    """

    path: Path | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "ConfigFolder":
        """Return the folder that environment variables select."""
        if given := environ.get("BOKEH_CLOUD_CONFIG_DIR"):
            return cls(Path(given).expanduser())
        try:
            return cls(Path(environ["HOME"]) / ".bokeh" if environ.get("HOME") else Path.home() / ".bokeh")
        except RuntimeError:
            return cls(None)

    def where(self, name: str) -> str:
        """Return the path of a file, for messages."""
        return str(self.path / name) if self.path else f"~/.bokeh/{name}"

    def read(self, name: str) -> str:
        """Return the text of a file, "" if there is none or it cannot be read.

        Raises:
            CloudError: it is not UTF-8.
        """
        if self.path is None:
            return ""
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except OSError:
            return ""
        except UnicodeDecodeError:
            raise CloudError(
                f"{self.where(name)} is not encoded in UTF-8; convert it, or remove it."
            ) from None

    def read_private(self, name: str) -> str:
        """Return the text of a file with keys, and warn if other users of this computer can read it."""
        text = self.read(name)
        if text and self.path and os.name == "posix" and _is_readable_by_others(self.path / name):
            log.warning("Other users can read %s: chmod 600 %s", self.where(name), self.where(name))
        return text

    def write_private(self, name: str, text: str) -> None:
        """Write a file that only its owner can read, atomically.

        Raises:
            CloudError: it cannot be written.
        """
        try:
            self._write(name, text)
        except OSError as error:
            raise CloudError(
                f"{self.where(name)} cannot be written ({error.strerror}). Set BOKEH_CLOUD_URL and "
                "BOKEH_CLOUD_API_KEY instead, or BOKEH_CLOUD_CONFIG_DIR to a writable folder."
            ) from None

    def _write(self, name: str, text: str) -> None:
        if self.path is None:
            raise FileNotFoundError(2, "there is no home directory")
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = (self.path / name).resolve()  # keeps a symbolic link
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=target.parent)  # has the mode PRIVATE
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise


def _is_readable_by_others(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE & 0o077)
    except OSError:
        return False
