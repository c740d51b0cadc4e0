"""The validator: the sandbox process that checks Arrow chunks of clients.

Usage: `python -m bokeh_data.sandbox.validator_process MEMORY`.

It reads frames with a chunk each, its `dtype`, its `rows` and how many of them to `skip`, and responds to
each with the chunk's `statistics` or with an `error`.
"""

import sys
from typing import Any

from bokeh_common.errors import Invalid
from bokeh_data.columns.arrow_chunks import validate_chunk
from bokeh_data.columns.browser_encoding import json_items
from bokeh_data.columns.statistics import statistics_of_arrow
from bokeh_data.sandbox.pipe_protocol import read_frames, write_frame
from bokeh_data.sandbox.process import limit_resources


def main() -> None:
    """Respond until there are no more frames."""
    limit_resources(int(sys.argv[1]))
    for header, data in read_frames(sys.stdin.buffer):
        write_frame(sys.stdout.buffer, _response(header, data))
        sys.stdout.buffer.flush()


def _response(header: dict[str, Any], data: bytes) -> dict[str, Any]:
    try:
        array = validate_chunk(data, header["dtype"], header["rows"])
        statistics = statistics_of_arrow(array, len(json_items(array[header["skip"] :])))
    except Invalid as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "A chunk takes far too much memory to read; write smaller chunks."}
    return {"statistics": statistics.record}


if __name__ == "__main__":
    main()
