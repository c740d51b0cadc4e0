"""Making data sources of files: what the body is, and what is said beside it."""

from typing import Any

import falcon

from bokeh_common.errors import Invalid, Unavailable
from bokeh_common.http.body import check_length, read_blocks
from bokeh_data.columns import Column
from bokeh_data.files.spool import spooled
from bokeh_data.files.uploading import Uploads
from bokeh_data.live import LiveSources
from bokeh_data.settings import Settings
from bokeh_data.sources import Source

#: The forms of files by their media types.
FILES = {
    "application/vnd.apache.arrow.stream": "arrow-stream",
    "application/vnd.apache.arrow.file": "arrow-file",
    "application/vnd.apache.parquet": "parquet",
    "text/csv": "csv",
}


def media_type(req: falcon.Request) -> str:
    """Return the media type of the body, without parameters."""
    return (req.content_type or "").partition(";")[0].strip().lower()


def is_file(req: falcon.Request) -> bool:
    """Tell whether the body is a file that becomes columns."""
    return media_type(req) in FILES


class FileBodies:
    """Makes live sources, and versions of them, of files."""

    def __init__(self, live: LiveSources, uploads: Uploads, settings: Settings) -> None:
        self._live = live
        self._uploads = uploads
        self._settings = settings

    def create(self, req: falcon.Request, user: str, name: str | None) -> Source:
        """Make a live source of the body."""
        if name is None:
            raise Invalid("Say with '?name=' how the data source is called.")
        body = {"name": name, "columns": self._columns(req, user)}
        return _committed(lambda: self._live.create(user, body, []))

    def replace(
        self, req: falcon.Request, user: str, source: str, name: str | None, expected: str | None
    ) -> Source:
        """Make a new version of the body."""
        self._live.demand(user, source, expected)
        body: dict[str, Any] = {"columns": self._columns(req, user)}
        if name is not None:
            body["name"] = name
        return _committed(lambda: self._live.replace(user, source, body, [], expected))

    def _columns(self, req: falcon.Request, user: str) -> dict[str, Column]:
        limit = self._settings.max_file_bytes
        length = check_length(req, limit)
        with spooled(read_blocks(req, limit)) as file:
            if not req.get_header("Content-Encoding") and file.seek(0, 2) != length:
                raise Invalid("The file ended before its Content-Length; send it again.")
            file.seek(0)
            return self._uploads.columns(user, FILES[media_type(req)], file)


def _committed(commit: Any) -> Source:
    try:
        made: Source = commit()
    except Invalid as error:
        if error.kind != "missing-chunks":
            raise
        raise Unavailable("Some of it was deleted while it was stored; send the file again.") from None
    return made
