"""Prefetching of parts of memory-mapped arrays.

A process that reads parts of a mapped array waits for one page after another, and the kernel reads 128 KiB
around each of them. If it is advised beforehand (madvise(2)), it reads all parts together and nothing else.
The advice takes a microsecond for each part, so it is given only for a mapping that is new or that was slow
last time.
"""

import mmap
from typing import Any

from bokeh_data.windows.chunk_pyramid import Array

PAGE_BYTES = mmap.PAGESIZE
_WILL_NEED = getattr(mmap, "MADV_WILLNEED", None)


def find_mapping(array: Any) -> mmap.mmap | None:
    """Return the mapping that an array or memoryview is backed by; None if it is in memory."""
    while not isinstance(array, (memoryview, bytes)) and getattr(array, "base", None) is not None:
        array = array.base
    owner = array.obj if isinstance(array, memoryview) else array
    return owner if isinstance(owner, mmap.mmap) else None


def bytes_in_memory(array: Any, size: int) -> int:
    """Return `size`; 0 if the array or memoryview is mapped."""
    return 0 if find_mapping(array) else size


def prefetch(array: Array, parts: Any, size: int) -> None:
    """Advise the kernel to read parts of an array, if it is mapped.

    Args:
        array: a contiguous array that extends to the end of its mapping.
        parts: the numbers of the parts, ascending; part `i` begins at byte `i * size`.
        size: bytes of each part.
    """
    mapping = find_mapping(array)
    if mapping is None or _WILL_NEED is None:
        return
    begin, next_page = len(mapping) - array.nbytes, 0
    for part in parts.tolist():
        first_page = max((begin + part * size) // PAGE_BYTES, next_page)
        next_page = (begin + (part + 1) * size - 1) // PAGE_BYTES + 1
        if first_page < next_page:
            mapping.madvise(_WILL_NEED, first_page * PAGE_BYTES, (next_page - first_page) * PAGE_BYTES)
