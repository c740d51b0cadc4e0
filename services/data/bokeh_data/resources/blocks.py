"""Bodies of responses that are opened and read in blocks on a thread."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from falcon.asgi import Response

from bokeh_common.http.block_stream import BlockStream, close_blocks
from bokeh_common.http.server.thread_pools import STORAGE, ThreadPool
from bokeh_common.storage.blocks import reblock, start_generator

#: Bodies of at most so many bytes are read by the call that opens them.
MAX_WHOLE_BYTES = 1 << 18

#: The size of blocks if that of the whole body is not known: few, since each slow client holds one.
BLOCK_BYTES = 1 << 16


class OpenedBody(NamedTuple):
    """A body that is read in blocks.

    Attributes:
        blocks: the bytes.
        size: their number; None if it is known only at the end.
        pool: the threads that read the blocks; those of queries if they are computed.
    """

    blocks: Iterable[bytes]
    size: int | None = None
    pool: ThreadPool = STORAGE


#: Opens a body on a thread. The response begins later, so it may set headers, and raise errors; it returns
#: None if there is no body.
OpenBody = Callable[[], OpenedBody | None]


async def respond_with_blocks(resp: Response, open_body: OpenBody, pool: ThreadPool = STORAGE) -> None:
    """Respond with a body.

    Args:
        resp: the response.
        open_body: opens the body.
        pool: the threads that open it.
    """
    found = await pool.run(_read_first, open_body)
    if isinstance(found, bytes):
        resp.data = found
    elif found is not None and found.size is not None:
        resp.set_stream(BlockStream(iter(found.blocks), found.pool), found.size)
    elif found is not None:
        resp.stream = BlockStream(iter(found.blocks), found.pool)


def _read_first(open_body: OpenBody) -> OpenedBody | bytes | None:
    """Open a body and read its beginning; return all of its bytes if they are few."""
    body = open_body()
    if body is None:
        return None
    is_large = body.size is not None and body.size > MAX_WHOLE_BYTES
    blocks = iter(body.blocks)
    first, is_whole = _read_until(blocks, 0 if is_large else MAX_WHOLE_BYTES)
    if is_whole:
        close_blocks(blocks)
        return first
    others = blocks if body.size is not None else reblock(blocks, BLOCK_BYTES)
    return body._replace(blocks=start_generator(_resume(first, others, blocks)))


def _read_until(blocks: Iterator[bytes], limit: int) -> tuple[bytes, bool]:
    """Return the first blocks, until they exceed `limit` bytes, and whether there are no others."""
    found, size = [], 0
    for block in blocks:
        found.append(block)
        size += len(block)
        if size > limit:
            return b"".join(found), False
    return b"".join(found), True


def _resume(first: bytes, others: Iterator[bytes], opened: Iterator[bytes]) -> Iterator[bytes]:
    """Yield nothing, then blocks of which the first has been read; close the opened ones at the end."""
    try:
        yield b""
        yield first
        del first  # or a slow client would hold it all the time
        yield from others
    finally:
        close_blocks(opened)
