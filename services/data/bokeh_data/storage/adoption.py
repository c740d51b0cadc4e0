"""Adoption: an account gets the data sources of another one, with all versions and their ids.

Everything is copied under the keys of the new account, and is deleted from the old one only when nothing
there needs it any more. So an adoption that was interrupted can be repeated. Chunks are stored once for all
accounts; the new account gets the right to refer to them.
"""

import time
from contextlib import suppress

from bokeh_common.errors import Conflict
from bokeh_common.storage import ABSENT, JSON, BlobStore, RecordStore
from bokeh_common.storage.copy import iter_blobs, iter_records
from bokeh_common.storage.two_phase_records import TwoPhaseRecordStore
from bokeh_data.storage.usage_ledger import UsageLedger


def copy_sources(records: RecordStore, blobs: BlobStore, owner: str, user: str) -> int:
    """Copy the data sources of an account to another one, which keeps its own; return how many there are."""
    stored = TwoPhaseRecordStore(records)
    for upload in iter_records(stored, f"uploads/{owner}/"):
        _add(stored, _moved(upload.key, owner, user), upload.value)
    for blob in iter_blobs(blobs, f"columns/{owner}/"):
        blobs.put(_moved(blob.key, owner, user), blobs.get(blob.key))
    for version in iter_records(stored, f"versions/{owner}/"):
        _add(stored, _moved(version.key, owner, user), version.value)
    count = 0
    for source in iter_records(stored, f"sources/{owner}/"):
        _add(stored, _moved(source.key, owner, user), {**source.value, "held": time.time()})
        count += 1
    UsageLedger(records).forget(user)
    return count


def remove_sources(records: RecordStore, owner: str) -> None:
    """Remove data sources that were copied; the garbage collector removes their columns."""
    stored = TwoPhaseRecordStore(records)
    for prefix in (f"sources/{owner}/", f"versions/{owner}/"):
        for record in list(iter_records(stored, prefix)):
            stored.delete(record.key)


def _add(records: RecordStore, key: str, value: JSON) -> None:
    """Add a record unless there is one."""
    with suppress(Conflict):
        records.put(key, value, if_match=ABSENT)


def _moved(key: str, owner: str, user: str) -> str:
    keyspace, _, rest = key.partition(f"/{owner}/")
    return f"{keyspace}/{user}/{rest}"
