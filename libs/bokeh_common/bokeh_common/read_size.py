"""How much of a file is read at once, by the storage, for a consumer that knows how fast its client is."""

from contextvars import ContextVar

#: Bytes: few, since each response to a slow client holds one block, and the kernel reads ahead. A consumer
#: that may hold more sets it while it reads.
READ_BYTES = ContextVar("READ_BYTES", default=1 << 16)
