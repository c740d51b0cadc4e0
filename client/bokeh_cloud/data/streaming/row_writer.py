"""Appends rows to a data source in batches, from a thread, also while the server is away for some time."""

import atexit
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

from bokeh_cloud.data.source_client import SourceClient
from bokeh_cloud.data.streaming.buffers import Batch, RowBuffer
from bokeh_cloud.data.streaming.row_batches import merge_rows, pack_rows
from bokeh_cloud.data.streaming.schedule import Schedule, WriterOptions
from bokeh_cloud.data.streaming.server_outage import ServerOutage
from bokeh_cloud.data.tables import rows_of
from bokeh_cloud.errors import BufferFull, CloudError, NotFound, Rejected, ServerUnreachable

CLOSE_SECONDS = 30.0
LAST_ATTEMPT_SECONDS = 5.0
JOIN_SECONDS = 1.0

#: Responses after which a request is repeated: the server was too slow or too busy, or failed.
RETRIED_STATUSES = {408, 425, 429, 500}

log = logging.getLogger("bokeh_cloud")


class RowWriter:
    """Appends rows in batches, in order, each of them once.

    `stream` returns when the rows are in the buffer. A thread sends them, repeats what was not acknowledged,
    and waits while the server does not respond. Use it as a context manager, or call `close`: both wait until
    all rows are stored.

    Rows that the server rejects, and a key that is no longer valid, end the writer: from then on every call
    raises the error.
    """

    def __init__(
        self, client: SourceClient, buffer: RowBuffer, options: WriterOptions,
        on_close: Callable[[SourceClient], None],
    ) -> None:  # fmt: skip
        self._client = client
        self._name = str(client.summary["name"])
        self._buffer = buffer
        self._options = options
        self._on_close = on_close
        self._id, self._number = secrets.token_hex(16), 0
        self._changed = threading.Condition()
        self._schedule = Schedule(options)
        self._outage = ServerOutage(self._name, client.account.url)
        self._added = buffer.count  # rows, those that an earlier writer has left in the spool among them
        self._stored = self._waiting_for = 0
        self._failure: CloudError | None = None
        self._is_closed = False
        if self._added:
            log.warning("%s: %d rows are in the spool, and are sent now.", self._name, self._added)
            self._schedule.start()
        atexit.register(self._close_at_exit)
        self._thread = threading.Thread(target=self._run, name=f"writer of {self._name}", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"{self.pending} rows pending"
        return f"<RowWriter {self._name!r}, {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._close_at_exit()  # which does not hide the exception of the block

    @property
    def pending(self) -> int:
        """The number of rows that are not known to be stored yet."""
        return self._added - self._stored

    def stream(self, new_data: Any = None, **columns: Any) -> None:
        """Accept rows: `stream(t=[...], y=[...])`, a dictionary, a frame, or a series of pandas.

        Raises:
            CloudError: they do not fit the columns; or an earlier row was rejected, or the spool cannot be
                written. None of these rows was accepted.
            BufferFull: too many rows are waiting; these were not accepted.
        """
        known = self._client.summary["columns"]
        packed = pack_rows({**rows_of(new_data, known), **columns}, known)
        with self._changed:
            self._require_open()
            if packed is None:
                return
            if self.pending + packed.count > self._options.max_rows:
                raise BufferFull(self._explain_full(packed.count))
            self._buffer.add(packed)
            self._added += packed.count
            self._schedule.start()
            self._changed.notify_all()

    def flush(self, timeout: float | None = CLOSE_SECONDS) -> None:
        """Send what was accepted so far, and wait until it is stored.

        Args:
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            ServerUnreachable: it is not stored by then. It is still sent later.
            CloudError: the server rejected rows.
        """
        with self._changed:
            self._require_open()
            target = self._waiting_for = self._added
            self._outage.retry_now()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failure or self._stored >= target, timeout)
            if self._failure:
                raise self._failure
            if self._stored < target:
                reason = self._outage.reason or "it takes longer than the timeout."
                raise ServerUnreachable(f"{self._name}: {self.pending} rows are not stored yet: {reason}")

    def close(self, timeout: float | None = CLOSE_SECONDS) -> None:
        """Send all rows, and end the writer.

        Rows that cannot be sent within the timeout stay in the spool, if there is one.

        Args:
            timeout: as of `flush`.

        Raises:
            ServerUnreachable: there is no spool, and rows were not stored.
            CloudError: the server rejected rows.
        """
        if self._is_closed:
            return
        if self._options.spool and self._outage.reason:  # the spool keeps the rows; one more attempt will do
            timeout = min(LAST_ATTEMPT_SECONDS, CLOSE_SECONDS if timeout is None else timeout)
        try:
            self.flush(timeout)
        except ServerUnreachable as error:
            if self._options.spool is None:
                raise ServerUnreachable(f"{error} They are lost: name a spool to keep them.") from error
            log.warning("%s They stay in %s, and are sent by the next writer.", error, self._options.spool)
        finally:
            self._stop()

    def _close_at_exit(self) -> None:
        try:
            self.close()
        except CloudError as error:
            log.error("%s", error)  # noqa: TRY400 - its message says what to do

    def _stop(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            self._buffer.close()
        atexit.unregister(self._close_at_exit)
        self._client.account.connection.close()
        self._thread.join(JOIN_SECONDS)  # longer, if it waits for a response
        if not self._thread.is_alive():
            self._on_close(self._client)

    def _require_open(self) -> None:
        if self._failure:
            raise self._failure
        if self._is_closed:
            raise CloudError(f"The writer of {self._name!r} is closed: create another one by writer().")

    def _explain_full(self, count: int) -> str:
        reason = self._outage.reason or "rows arrive faster than they are sent."
        return (
            f"{self._name}: {self.pending} rows are waiting, and at most {self._options.max_rows} may wait, "
            f"so {count} rows were not accepted: {reason} Try again later, or create the writer with more "
            "max_rows."
        )

    def _run(self) -> None:
        """Send batches until the writer is closed, or fails."""
        try:
            while (batch := self._wait_for_batch()) is not None:
                self._send(batch)
        except Exception as error:  # noqa: BLE001 - a thread has no caller: the next call raises it
            self._fail(error if isinstance(error, CloudError) else CloudError(f"{self._name}: {error!r}"))

    def _wait_for_batch(self) -> Batch | None:
        """Return a batch when it is to be sent; None when the writer is closed or has failed."""
        with self._changed:
            while not self._is_closed and not self._failure:
                is_flushing = self._stored < self._waiting_for
                seconds = self._schedule.seconds_left(self._buffer.count, self._outage, is_flushing)
                if seconds == 0:
                    return self._next_batch()
                self._changed.wait(seconds)
        return None

    def _next_batch(self) -> Batch | None:
        batch = self._buffer.next_batch(self._options.batch_rows, self._make_key)
        count = batch.count if batch else 0
        self._schedule.sent(count, self._buffer.count - count)
        return batch

    def _make_key(self) -> str:
        self._number += 1
        return f"writer/{self._id}/{self._number}"

    def _send(self, batch: Batch) -> None:
        body: dict[str, Any] = {"rows": merge_rows(batch.parts)}
        if self._options.rollover is not None:
            body["rollover"] = int(self._options.rollover)  # one of NumPy is not JSON
        try:
            self._append(body, batch.key)
        except CloudError as error:
            # Without a problem it was not the server that responded, but a gateway or a captive portal.
            if isinstance(error, Rejected) and error.problem and error.status not in RETRIED_STATUSES:
                self._fail(CloudError(self._explain_rejected(batch, error)), error)
            else:
                self._outage.failed(str(error))
        else:
            self._acknowledge(batch)

    def _append(self, body: Mapping[str, Any], key: str) -> None:
        """Append rows; raises ServerUnreachable if something else responds with success."""
        before = self._client.summary
        self._client.append(body, key)
        if self._client.summary.get("id") != before["id"]:
            self._client.summary = before
            url = self._client.account.url
            raise ServerUnreachable(f"{url} responds, but not with the data source {self._name!r}.")

    def _acknowledge(self, batch: Batch) -> None:
        with self._changed:
            if self._is_closed:  # and the buffer is, too; a spool sends it again, with the same key
                return
            self._buffer.remove(batch)
            self._stored += batch.count
            self._outage.ended(batch.count + self._buffer.count)
            if not self._buffer.count:
                self._schedule.stop()
            self._changed.notify_all()

    def _fail(self, failure: CloudError, cause: BaseException | None = None) -> None:
        failure.__cause__ = cause
        with self._changed:
            self._failure = failure
            self._changed.notify_all()
        log.error("%s", failure)

    def _explain_rejected(self, batch: Batch, error: Rejected) -> str:
        spool = self._options.spool
        place = f"they stay in {spool}: delete it to give them up" if spool else "they are not stored"
        if spool and isinstance(error, NotFound):
            place += f". If {self._name!r} was deleted, create it again: the next writer sends them to it"
        return (
            f"{self._name}: the server rejected {batch.count} of {self.pending} rows that wait; {place}. The "
            f"writer has ended. {error}"
        )
