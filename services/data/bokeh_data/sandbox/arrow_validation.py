"""Validation of Arrow chunks that a client wrote, in a sandbox process."""

import threading
from collections.abc import Iterable, Iterator
from subprocess import PIPE, Popen
from typing import IO, Any, cast

from bokeh_common.errors import Invalid
from bokeh_data.columns.manifest import Chunk
from bokeh_data.columns.statistics import ChunkStatistics
from bokeh_data.sandbox.pipe_protocol import IncompleteFrame, read_frames, write_frame
from bokeh_data.sandbox.process import exit_error, sandbox

MAX_MEMORY = 512 << 20  # bytes of the validator

#: Validators that run at the same time; others wait.
_SLOTS = threading.BoundedSemaphore(2)


def validate_chunks(
    dtype: str, chunks: Iterable[tuple[Chunk, bytes | memoryview]], skip: int
) -> list[ChunkStatistics]:
    """Validate the chunks of an Arrow column, and return their statistics.

    Args:
        dtype: of the column, `arrow[...]`.
        chunks: the chunks in their order, with their bytes.
        skip: rows of the first chunk that do not belong to the column.

    Raises:
        Invalid: the chunks are not what the manifest declares, or take too much memory.
    """
    with _SLOTS, sandbox("bokeh_data.sandbox.validator_process", MAX_MEMORY, stdin=PIPE) as process:
        responses = read_frames(cast("IO[bytes]", process.stdout))
        statistics: list[ChunkStatistics] = []
        for chunk, data in chunks:
            header = {"dtype": dtype, "rows": chunk.rows, "skip": 0 if statistics else skip}
            statistics.append(_validate_chunk(process, responses, header, data))
        return statistics


def _validate_chunk(
    process: "Popen[bytes]",
    responses: Iterator[tuple[dict[str, Any], bytes]],
    header: dict[str, Any],
    data: bytes | memoryview,
) -> ChunkStatistics:
    pipe = cast("IO[bytes]", process.stdin)
    response: dict[str, Any] = {}
    try:
        write_frame(pipe, header, data)
        pipe.flush()
        response, _ = next(responses, ({}, b""))
    except (IncompleteFrame, OSError):
        pass  # the process has exited
    if "error" in response:
        raise Invalid(str(response["error"]))
    if "statistics" not in response:
        raise exit_error(process)
    return ChunkStatistics(*response["statistics"])
