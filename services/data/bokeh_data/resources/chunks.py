"""Uploading chunks, and reading them back."""

import falcon

from bokeh_common.http.body import check_length, read_blocks
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import immutable
from bokeh_data import api
from bokeh_data.resources.base import READ, WRITE, Resource


class MissingChunks(Resource):
    """`POST /{user}/data/chunks/missing`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation({200: Answer(api.Missing)}, body=api.Chunks, example={"chunks": [api.A_HASH]})
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List those of these chunks that have to be uploaded."""
        hashes = self._list_of(req, "chunks", self._settings.max_chunks_asked)
        resp.media = {"missing": self._sources.missing_chunks(user, hashes)}


class OneChunk(Resource):
    """`GET` and `PUT /{user}/data/chunks/{chunk}`."""

    access = {"GET": READ, "PUT": WRITE}
    describe = {
        "GET": Operation({200: Answer(bytes, ("application/octet-stream",))}, problems=("invalid",)),
        "PUT": Operation(
            {201: Answer(says="It is stored."), 204: Answer(says="It was there.")},
            body=bytes,
            media=("application/octet-stream",),
            problems=("hash-mismatch", "quota-exceeded", "length-required"),
        ),
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, chunk: str) -> None:
        """Send the bytes of a chunk as they were uploaded."""
        blocks, size = self._sources.chunk(user, chunk)
        immutable(resp)
        resp.content_type = "application/octet-stream"
        resp.set_stream(blocks, size)

    def on_put(self, req: falcon.Request, resp: falcon.Response, user: str, chunk: str) -> None:
        """Store the body, when it hashes to `chunk`."""
        check_length(req, self._settings.max_chunk_bytes)
        stored = self._sources.store_chunk(user, chunk, read_blocks(req))
        resp.status = falcon.HTTP_201 if stored else falcon.HTTP_204
