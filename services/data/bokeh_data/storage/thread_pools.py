"""Thread pools of the data service, in addition to those that all services have.

* `BULK` for calls that may take seconds: creating and changing data sources, compression. They wait for the
  storage, for locks and for sandbox processes, so in other pools they would delay small reads and windows.
* `FILE_READERS` for uploaded files, which may take minutes. Each thread waits for one sandbox process.
* `query_threads()` for rows and windows. A condition that no row meets may take minutes, too.
* `change_threads()` for what has changed in live sources, which neither waits for queries nor delays them.

Half of the threads of the first two are for one account at most, and all but one of the others for the
clients of one address. A call in any of these pools may use `map_parallel`, whose threads do nothing else.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from bokeh_common.http.server.fair_pool import FairThreadPool
from bokeh_common.http.server.process_settings import thread_count
from bokeh_common.http.server.thread_pools import ThreadPool, core_count

#: The files that a process of the service reads at the same time, and how long further ones wait.
MAX_FILES = 2
MAX_WAIT_SECONDS = 60.0

BULK = FairThreadPool("bulk", thread_count)
FILE_READERS = FairThreadPool("file-reader", lambda: MAX_FILES, max_seconds=MAX_WAIT_SECONDS)
_QUERIES = FairThreadPool("query", lambda: core_count() + 1, lambda threads: threads - 1)
_CHANGES = FairThreadPool("change", lambda: core_count() + 1, lambda threads: threads - 1)


def query_threads() -> ThreadPool:
    """Return the threads for queries of the client whose request this task processes."""
    return _QUERIES.of_client()


def change_threads() -> ThreadPool:
    """Return the threads that look for changes, for the client whose request this task processes."""
    return _CHANGES.of_client()


THREADS_PER_POOL = 16
READERS, PINNERS = "reader", "pinner"


def map_parallel(function: Callable[[Any], Any], items: list[Any], pool: str = READERS) -> list[Any]:
    """Call a function for each item on a thread pool; return the results in the order of the items.

    The first exception that a call raises is raised.
    """
    if len(items) < 2:
        return [function(item) for item in items]
    return list(_pool(pool).map(function, items))


@cache
def _pool(name: str) -> ThreadPoolExecutor:
    """Return a pool, created when it is first needed, since a forked process has no threads."""
    return ThreadPoolExecutor(THREADS_PER_POOL, name)
