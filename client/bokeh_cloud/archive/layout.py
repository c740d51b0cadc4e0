"""Names and file formats of an exported folder."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from blake3 import blake3

from bokeh_cloud.atomic_files import explain_write_errors, replace_file
from bokeh_cloud.errors import CloudError


def folder_name(name: str) -> str:
    """Return the folder of a plot: the part of its name that is portable and safe in URLs, and a hash."""
    portable = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    suffix = blake3(name.encode()).hexdigest()[:8]
    return f"{re.sub('[^a-z0-9]+', '-', portable).strip('-')[:40] or 'plot'}-{suffix}"


def write_json(path: Path, value: Any) -> None:
    """Write JSON; equal values give equal bytes, and keys keep their order."""
    write(path, json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n")


def write(path: Path, data: bytes) -> None:
    """Write a file atomically, and create the folders above it.

    Raises:
        CloudError: the disk is full, or the folder is not writable. A later export continues from there.
    """
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as temporary:
        temporary.write_bytes(data)


def read_json(path: Path) -> Any:
    """Read JSON; raises CloudError if there is none."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CloudError(f"{path} cannot be read ({error}); was the folder made by an export?") from None
