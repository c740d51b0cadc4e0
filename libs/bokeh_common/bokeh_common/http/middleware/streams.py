"""Closes response bodies that are streams: falcon closes only those that it sends and that have `close`."""

from collections.abc import AsyncGenerator, AsyncIterator
from http import HTTPStatus

from falcon.asgi import Request, Response

BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class StreamMiddleware:
    """Falcon middleware that has every stream closed, so that what it reads from is released."""

    async def process_response(self, req: Request, resp: Response, resource: object, ok: bool) -> None:
        """Close the stream of a response that has no body; let falcon close generators."""
        if req.method == "HEAD" or resp.status_code in BODILESS:
            await close_stream(resp.stream)
        elif isinstance(resp.stream, AsyncGenerator):
            resp.stream = GeneratorStream(resp.stream)


class GeneratorStream(AsyncIterator[bytes]):
    """An asynchronous generator, with the method by which falcon closes streams."""

    def __init__(self, blocks: AsyncGenerator[bytes, None]) -> None:
        self._blocks = blocks

    async def __anext__(self) -> bytes:
        return await anext(self._blocks)

    async def close(self) -> None:
        """Close the generator."""
        await self._blocks.aclose()


async def close_stream(stream: object) -> None:
    """Close an asynchronous iterator, if it is one that can be closed."""
    close = getattr(stream, "close", None) or getattr(stream, "aclose", None)
    if close is not None:
        await close()
