"""The process that looks into chunks of Arrow of clients: `python -m bokeh_data.files.checker MEMORY`.

It reads frames with a chunk each, its `dtype`, its `rows` and how many to `skip`, and answers each with what
its `zone` is or with an `error`.
"""

import sys
from dataclasses import astuple
from typing import Any

from bokeh_common.errors import Invalid
from bokeh_data.arrowchunks import check_chunk
from bokeh_data.files.confined import confine
from bokeh_data.files.pieces import read_frames, write_frame
from bokeh_data.shown import text_of
from bokeh_data.zones import zone_of_arrow


def main() -> None:
    """Answer until there are no more frames."""
    confine(int(sys.argv[1]))
    for head, data in read_frames(sys.stdin.buffer):
        write_frame(sys.stdout.buffer, _looked_at(head, data))
        sys.stdout.buffer.flush()


def _looked_at(head: dict[str, Any], data: bytes) -> dict[str, Any]:
    try:
        array = check_chunk(data, head["dtype"], head["rows"])
        zone = zone_of_arrow(array, len(text_of(array[head["skip"] :])))
    except Invalid as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "A chunk takes far too much memory to read; write it in smaller ones."}
    return {"zone": astuple(zone)}


if __name__ == "__main__":
    main()
