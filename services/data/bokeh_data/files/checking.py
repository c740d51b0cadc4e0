"""Has chunks of Arrow that a client wrote looked into, by a process that may fail over them."""

from collections.abc import Iterable, Iterator
from subprocess import PIPE, Popen
from typing import IO, Any, cast

from bokeh_common.errors import Invalid
from bokeh_data.columns import Chunk
from bokeh_data.files.confined import confined, why_broken
from bokeh_data.files.pieces import BrokenPipe, read_frames, write_frame
from bokeh_data.zones import Zone

MEMORY = 512 << 20  # bytes of that process


def zones_of(dtype: str, chunks: Iterable[tuple[Chunk, bytes | memoryview]], skip: int) -> list[Zone]:
    """Return the zones of the chunks of a column, given with their bytes.

    Args:
        dtype: `arrow[...]`, of the column.
        chunks: in their order.
        skip: rows of the first that are not of the column.

    Raises:
        Invalid: they are not what the column says, or take too much memory.
    """
    with confined("bokeh_data.files.checker", MEMORY, stdin=PIPE) as process:
        answers = read_frames(cast("IO[bytes]", process.stdout))
        zones: list[Zone] = []
        for chunk, data in chunks:
            head = {"dtype": dtype, "rows": chunk.rows, "skip": 0 if zones else skip}
            zones.append(_asked(process, answers, head, data))
        return zones


def _asked(
    process: "Popen[bytes]",
    answers: Iterator[tuple[dict[str, Any], bytes]],
    head: dict[str, Any],
    data: bytes | memoryview,
) -> Zone:
    pipe = cast("IO[bytes]", process.stdin)
    answer: dict[str, Any] = {}
    try:
        write_frame(pipe, head, data)
        pipe.flush()
        answer, _ = next(answers, ({}, b""))
    except (BrokenPipe, OSError):
        pass  # it has ended
    if "error" in answer:
        raise Invalid(str(answer["error"]))
    if "zone" not in answer:
        raise why_broken(process)
    return Zone(*answer["zone"])
