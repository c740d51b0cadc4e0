"""The page that stores files of tables as data sources, after a preview."""

import falcon
from falcon.asgi import Request, Response

from bokeh_common.errors import Conflict
from bokeh_common.http.auth.access import authorization_of
from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.request_body import read_query
from bokeh_web.clients.table_files import ENCODINGS, MEDIA_TYPES, TableFile
from bokeh_web.resources.base import PAGE, WebResource, user_of
from bokeh_web.resources.data_sources import WRITE
from bokeh_web.resources.schemas import ColumnPreview, StoredUpload, StoreQuery, UploadPreview, UploadQuery

OCTETS = "application/octet-stream"

#: The types that visitors can give to columns, in the order of the page's lists.
COLUMN_TYPES = ("text", "integer", "float", "boolean", "date", "time", "utc")


class UploadPage(WebResource):
    """`GET` and `POST /data/upload`."""

    access = {"GET": WRITE, "POST": WRITE}
    describe = {
        "GET": PAGE,
        "POST": Operation(
            {201: StoredUpload}, body=bytes, media=(OCTETS,), query=StoreQuery, problems=("conflict",)
        ),
    }

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the form, whose script shows the preview."""
        accepted = ",".join([*MEDIA_TYPES, *ENCODINGS])
        await self._respond_with_page(req, resp, "data/upload.html", accepted=accepted, types=COLUMN_TYPES)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Store a file, which is the body, as a data source."""
        self._require_form_token(req)
        query, user, authorization = read_query(req, StoreQuery), user_of(req), authorization_of(req)
        await self._require_new_name(user, query.name, authorization)
        file = _file_of(req, query)
        source = await self._domain.data.store_file(user, query.name, file, authorization)
        resp.status = falcon.HTTP_201
        resp.media = StoredUpload(id=source["id"], page=f"/data/{source['id']}")

    async def _require_new_name(self, user: str, name: str, authorization: str | None) -> None:
        sources = await self._domain.data.sources(user, authorization)
        if any(source["name"] == name and source.get("live") for source in sources):
            detail = f"You have live data named {name!r}. Choose another name, or replace its rows with"
            raise Conflict(f"{detail} 'bokeh-cloud data put FILE {name}'.", name=name)


class UploadPreviewResource(WebResource):
    """`POST /data/upload/preview`."""

    access = {"POST": WRITE}
    describe = {"POST": Operation({200: UploadPreview}, body=bytes, media=(OCTETS,), query=UploadQuery)}

    async def on_post(self, req: Request, resp: Response) -> None:
        """Say what a file, which is the body, would become; nothing is stored."""
        self._require_form_token(req)
        file = _file_of(req, read_query(req, UploadQuery))
        found = await self._domain.data.preview_file(user_of(req), file, authorization_of(req))
        columns = [ColumnPreview(name=name, type=kind) for name, kind in found.pop("types").items()]
        resp.media = {**found, "columns": columns}


def _file_of(req: Request, query: UploadQuery) -> TableFile:
    if req.content_length is None:
        raise falcon.HTTPLengthRequired(description="Send the file with a Content-Length.")
    types = [query.type] if isinstance(query.type, str) else list(query.type)
    return TableFile(query.file, req.content_length, req.stream, types)
