"""Parts of mapped arrays, read at once where the system has yet to read them from the disk.

Who goes through parts of a mapped array waits for one page after another, and each comes with the 128 KiB
around it. Told beforehand, the system reads all of them together, and no more than them (madvise(2)). That
costs a microsecond for each part, so it is done for a mapping that is new, or that was slow last time.
"""

import mmap
from typing import Any

from bokeh_data.pyramid import Array

PAGE = mmap.PAGESIZE
_WILL_NEED = getattr(mmap, "MADV_WILLNEED", None)


def mapping_of(holder: Any) -> mmap.mmap | None:
    """Return what an array or a view is mapped by; None when it is in memory."""
    while not isinstance(holder, (memoryview, bytes)) and getattr(holder, "base", None) is not None:
        holder = holder.base
    found = holder.obj if isinstance(holder, memoryview) else holder
    return found if isinstance(found, mmap.mmap) else None


def in_memory(holder: Any, size: int) -> int:
    """Return `size`, or 0 when the bytes are mapped."""
    return 0 if mapping_of(holder) else size


def fetch(array: Array, parts: Any, size: int) -> None:
    """Have the system read parts of an array, if it is mapped.

    Args:
        array: it, contiguous, up to the end of the mapping.
        parts: the number of each part, ascending; part `i` begins at byte `i * size`.
        size: bytes of each.
    """
    mapped = mapping_of(array)
    if mapped is None or _WILL_NEED is None:
        return
    begin, after = len(mapped) - array.nbytes, 0
    for part in parts.tolist():
        start = max((begin + part * size) // PAGE, after)
        after = (begin + (part + 1) * size - 1) // PAGE + 1
        if start < after:
            mapped.madvise(_WILL_NEED, start * PAGE, (after - start) * PAGE)
