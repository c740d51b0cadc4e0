"""gunicorn's threaded worker, ending in a way that loses no request.

1. After SIGTERM `/health/ready` is 503 and answers say `Connection: close`, so that gateways and services go
   elsewhere; but everything is answered, new connections too, until nobody asked for
   `BOKEH_CLOUD_DRAIN_SECONDS`, or three times as long.
2. The listening sockets are closed once nobody waits at them. gunicorn's own worker leaves them open while it
   ends: who connects then waits in the kernel, and is hung up on.
3. What is under way is finished, within `BOKEH_CLOUD_GRACE_SECONDS`.

Where other services have a socket of their own (`BOKEH_CLOUD_PEERS_BIND`), the gateway's is closed after the
drain seconds, and 1. begins anew for theirs: all services may then be told to end at once, and each answers
until nothing that came through the gateway needs it any more.

A second SIGTERM skips what is left of 1.

Besides, who sent a body that was refused unread is told that the connection ends. gunicorn says
`Connection: keep-alive`, and then closes it, so that the next request of that client fails.
"""

import threading
import time
from types import FrameType
from typing import Any

from gunicorn.http.body import ChunkedReader, EOFReader, LengthReader

from bokeh_common.http.draining import DRAINING, drain_seconds, wait_until_quiet
from bokeh_common.http.receiving import ReceivingWorker

UNREAD = 1 << 16  # bytes of a body; as many or more of them, gunicorn does not read to keep a connection


class Worker(ReceivingWorker):
    """Serves until nobody can be hurt."""

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Answer, and say whether the connection can stay (RFC 9112, 9.6)."""
        ends = req.should_close  # it is asked when the head of the answer is written
        req.should_close = lambda: ends() or _is_left(req.body.reader)
        return bool(super().handle_request(req, conn))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        if DRAINING.is_set() or not drain_seconds():
            super().handle_exit(sig, frame)
            return
        DRAINING.set()
        self.max_keepalived = 0  # from now on each answer closes its connection
        threading.Thread(target=self._end_when_quiet, args=(sig, frame), daemon=True).start()

    def _end_when_quiet(self, sig: int, frame: FrameType | None) -> None:
        if len(self.sockets) > 1:
            time.sleep(drain_seconds())
            self.method_queue.defer(self._leave_gateway)
        wait_until_quiet()
        super().handle_exit(sig, frame)

    def _leave_gateway(self) -> None:
        if not self.alive:
            return  # a second SIGTERM closed everything
        listener, *self.sockets = self.sockets
        if self._accepting:  # type: ignore[attr-defined]  # newer than its stubs
            self.poller.unregister(listener)
        self._close_listener(listener)

    def set_accept_enabled(self, enabled: bool | None) -> None:
        """Take connections or not; a worker that ends takes those that wait, and closes its sockets."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._close_listener(listener)
            self.sockets = []

    def _close_listener(self, listener: Any) -> None:
        self._accept_all(listener)
        listener.close()

    def _accept_all(self, listener: Any) -> None:
        before = -1
        while before != self.nr_conns:  # nothing else tells that there was somebody
            before = self.nr_conns
            self.accept(listener)


def _is_left(body: ChunkedReader | LengthReader | EOFReader) -> bool:
    """Whether so much of a body was not read that the connection has to end."""
    if isinstance(body, LengthReader):
        return bool(body.length >= UNREAD)
    return not isinstance(body, ChunkedReader) or body.parser is not None
