"""Previews of files: what they would become, without storing anything."""

from dataclasses import asdict
from typing import IO

from falcon.asgi import Request, Response

from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.request_body import read_query
from bokeh_data.ingest.file_types import parse_types
from bokeh_data.ingest.ingest import FilePreview
from bokeh_data.resources.base import WRITE, DataResource
from bokeh_data.resources.bodies import FILE_FORMATS, read_file
from bokeh_data.resources.schemas.sources import FileQuery, PreviewOfFile


class FilePreviewResource(DataResource):
    """`POST /{user}/data/preview`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: PreviewOfFile}, files=tuple(FILE_FORMATS), query=FileQuery, problems=("unreadable-file",)
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Read a file, and say what it would become."""
        types = parse_types(read_query(req, FileQuery).types)

        def preview(file_format: str, file: IO[bytes]) -> FilePreview:
            return self._domain.ingest.preview(file_format, file, types)

        resp.media = asdict(await read_file(req, user, self._domain.settings.max_file_bytes, preview))
