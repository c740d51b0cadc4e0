"""Uploading chunks, and reading them back."""

import falcon
from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.received_body import receive_body
from bokeh_common.http.request_body import check_length, read_body
from bokeh_common.http.responses import set_immutable
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_data.resources.base import READ, WRITE, DataResource
from bokeh_data.resources.blocks import OpenedBody, respond_with_blocks
from bokeh_data.resources.bodies import check_count
from bokeh_data.resources.schemas.columns import ChunkHashes, MissingChunks
from bokeh_data.resources.schemas.common import A_HASH

BYTES = "application/octet-stream"


class MissingChunkList(DataResource):
    """`POST /{user}/data/chunks/missing`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: ResponseSpec(MissingChunks)},
            body=ChunkHashes,
            example={"chunks": [A_HASH], "sizes": [80_000]},
            problems=("quota-exceeded",),
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """List those of these chunks that have to be uploaded, unless they would exceed the quota."""
        settings = self._domain.settings
        body = await read_body(req, settings.max_json_bytes, ChunkHashes)
        hashes = check_count(body.chunks, settings.max_chunks_asked)
        if body.sizes is not None and len(body.sizes) != len(hashes):
            raise Invalid("'sizes' must have as many items as 'chunks'.")
        resp.media = {"missing": await STORAGE.run(self._missing, user, hashes, body.sizes)}

    def _missing(self, user: str, hashes: list[str], sizes: list[int] | None) -> list[str]:
        missing = self._domain.chunks.missing(user, hashes)
        if sizes and missing:
            known = dict(zip(hashes, sizes, strict=True))
            self._domain.repository.quotas.check(user, [known[chunk] for chunk in dict.fromkeys(missing)])
        return missing


class OneChunk(DataResource):
    """`GET` and `PUT /{user}/data/chunks/{chunk}`."""

    access = {"GET": READ, "PUT": WRITE}
    describe = {
        "GET": Operation({200: ResponseSpec(bytes, (BYTES,))}, problems=("invalid",)),
        "PUT": Operation(
            {
                201: ResponseSpec(description="It has been stored."),
                204: ResponseSpec(description="It was stored already."),
            },
            body=bytes,
            media=(BYTES,),
            problems=("hash-mismatch", "quota-exceeded", "length-required"),
        ),
    }

    async def on_get(self, req: Request, resp: Response, user: str, chunk: str) -> None:
        """Send the bytes of a chunk as they were uploaded."""
        await respond_with_blocks(resp, lambda: OpenedBody(*self._domain.chunks.read(user, chunk)))
        set_immutable(resp)
        resp.content_type = BYTES

    async def on_put(self, req: Request, resp: Response, user: str, chunk: str) -> None:
        """Store the body if it hashes to `chunk`."""
        check_length(req, self._domain.settings.max_chunk_bytes)
        with await receive_body(req) as body:
            stored = await STORAGE.run(self._domain.chunks.store, user, chunk, body.blocks())
        resp.status = falcon.HTTP_201 if stored else falcon.HTTP_204
