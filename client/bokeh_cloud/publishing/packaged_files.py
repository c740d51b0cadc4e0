"""Scripts and style sheets of models that their installed package contains, though they name a CDN."""

import base64
import mimetypes
import re
import sys
from functools import partial
from pathlib import Path

URL = re.compile(r"""url\(\s*(['"]?)([^'"()]+)\1\s*\)""")


def packaged_file(url: str) -> Path | None:
    """Return the file of a URL of Panel's CDN, or of a server of Panel; None if it is not installed.

    Panel's models name such URLs in `__javascript__`, `__css__` and `stylesheets` (`panel/io/resources.py`).
    """
    panel = sys.modules.get("panel.io.resources")
    if panel is None:
        return None
    folder = Path(panel.DIST_DIR).resolve()
    for prefix in (panel.CDN_DIST, panel.LOCAL_DIST):
        if url.startswith(prefix):
            file = (folder / url.removeprefix(prefix).partition("?")[0]).resolve()
            return file if file.is_file() and file.is_relative_to(folder) else None
    return None


def read_css(file: Path) -> str:
    """Return the text of a style sheet, with the files that it refers to as data URLs."""
    return URL.sub(partial(_as_data_url, file.parent), file.read_text(encoding="utf-8"))


def _as_data_url(folder: Path, match: re.Match[str]) -> str:
    file = folder / match[2].partition("?")[0].partition("#")[0]
    if ":" in match[2] or match[2].startswith("#"):
        return match[0]
    if not file.is_file():
        return "url(data:,)"  # it would be requested from the address of the plot
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"url(data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()})"
