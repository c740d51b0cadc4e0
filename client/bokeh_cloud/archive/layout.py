"""Where things are in an exported folder, and how they are written."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from blake3 import blake3

from ..errors import CloudError
from ..saving import saved, written


def folder_name(name: str) -> str:
    """Return a plot's folder: its name as far as every file system and URL takes it, and a mark."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    mark = blake3(name.encode()).hexdigest()[:8]
    return f"{re.sub('[^a-z0-9]+', '-', plain).strip('-')[:40] or 'plot'}-{mark}"


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that the same value gives the same bytes; keys keep their order."""
    write(path, json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n")


def write(path: Path, data: bytes) -> None:
    """Write a file, as a whole or not at all, and the folders above it.

    Raises:
        CloudError: the disk is full, or it may not be written. What is there already is not fetched again.
    """
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with saved(path) as beside:
        beside.write_bytes(data)


def read_json(path: Path) -> Any:
    """Read JSON; CloudError where there is none."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CloudError(f"{path} cannot be read ({error}); is this a folder that was exported?") from error
