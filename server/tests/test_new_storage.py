"""Whether a storage is new, which the server says, as its URL may be misspelled."""

from pathlib import Path

from bokeh_cloud_server.serve import _check_storage
from bokeh_common.storage import open_records


def test_a_storage_is_new_until_something_is_stored(tmp_path: Path) -> None:
    storage = f"local://{tmp_path}/typo"
    assert _check_storage(storage)
    open_records(storage, "auth").put("key", "value")
    assert not _check_storage(storage)
