"""How many bytes the readers of blobs hold for those that consume them, who can be as slow as they like."""

import threading

#: What the readers of a process hold together; above it, each holds `MIN_READ_BYTES` at most.
MAX_HELD_BYTES = 64 << 20
MIN_READ_BYTES = 1 << 17


class ReadBudget:
    """Counts the bytes that readers hold, so that many slow ones read little at a time."""

    def __init__(self) -> None:
        self._held = 0
        self._lock = threading.Lock()

    def take(self, size: int) -> int:
        """Return how many bytes to read, at most `size`, and count them as held."""
        with self._lock:
            if self._held + size > MAX_HELD_BYTES:
                size = min(size, MIN_READ_BYTES)
            self._held += size
            return size

    def give_back(self, size: int) -> None:
        """Count bytes as consumed."""
        with self._lock:
            self._held -= size


#: Of this process.
READ_BUDGET = ReadBudget()
