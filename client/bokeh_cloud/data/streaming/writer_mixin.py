"""The part of `RemoteDataSource` that creates writers."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bokeh_cloud.account import AccountClient
from bokeh_cloud.data.source_client import SourceClient
from bokeh_cloud.data.streaming.buffers import MemoryBuffer, RowBuffer
from bokeh_cloud.data.streaming.row_writer import RowWriter
from bokeh_cloud.data.streaming.schedule import WriterOptions
from bokeh_cloud.errors import NotFound

#: Names under which other libraries append rows.
APPENDING = ("append", "extend", "insert", "write")


class WritableSource(Protocol):
    """What a writer needs of the `RemoteDataSource` that creates it."""

    _source_client: SourceClient

    @property
    def changed(self) -> bool:
        """Whether the local columns differ from those of the version."""

    def _require_unchanged(self, method: str) -> None: ...

    def _load_columns(self) -> None: ...


class WriterMixin:
    """The method of `RemoteDataSource` that creates a writer."""

    if not TYPE_CHECKING:  # type checkers know which attributes there are, unless this method exists

        def __getattr__(self, name: str) -> Any:
            hint = " Rows are appended by stream(), or by a writer()." if name in APPENDING else ""
            message = f"{type(self).__name__!r} object has no attribute {name!r}.{hint}"
            raise AttributeError(message, name=name, obj=self)

    def writer(
        self: WritableSource, *, flush_interval: float = 1.0, batch_rows: int = 10_000,
        max_rows: int = 100_000, rollover: int | None = None, spool: str | Path | None = None,
    ) -> RowWriter:  # fmt: skip
        """Return a writer, which appends rows in batches, and keeps them while the server is away.

            with src.writer() as writer:
                writer.stream(t=[datetime.now()], y=[1.5])

        Each row is stored once, in order. The columns of this object stay as they are until it is closed.

        Args:
            flush_interval: seconds after which rows are sent, in one request.
            batch_rows: number of rows that are sent at once; a request has at most so many, or those of one
                call.
            max_rows: number of rows that may wait; then `stream` raises BufferFull.
            rollover: number of rows that the source keeps; None for all.
            spool: path of a file that keeps the rows that wait, so that the end of this process does not lose
                them: the next writer with this file sends them, to the source of the same name if theirs was
                deleted. None to keep them in memory.

        Raises:
            CloudError: there are changes that were not committed, the source is frozen, an option is invalid,
                or the file cannot be used, as by two writers at once.
        """
        self._require_unchanged("writer")
        path = None if spool is None else Path(spool)
        options = WriterOptions(flush_interval, batch_rows, max_rows, rollover, path)
        known = self._source_client
        account = AccountClient(known.account.connection.without_retries(), known.account.user_id)
        client = SourceClient(account, known.summary, None)
        client.require_live()
        return RowWriter(client, _open_buffer(path, client), options, partial(_adopt, self))


def _adopt(source: WritableSource, client: SourceClient) -> None:
    """Continue with the version that a writer stored last, unless there are local changes."""
    if not source.changed:
        source._source_client = SourceClient(source._source_client.account, client.summary, None)
        source._load_columns()


def _open_buffer(path: Path | None, client: SourceClient) -> RowBuffer:
    if path is None:
        return MemoryBuffer()
    from bokeh_cloud.data.streaming.spool import Spool, SpoolSource  # some builds of Python lack sqlite3

    account, summary = client.account, client.summary
    source = SpoolSource(str(summary["id"]), str(summary["name"]), f"{account.url} {account.user_id}")
    return Spool(path, source, partial(_exists, account))


def _exists(account: AccountClient, source_id: str) -> bool:
    try:
        SourceClient(account, {"id": source_id}, None).read()
    except NotFound:
        return False
    return True
