"""A storage that is new is announced, as its URL may be misspelled."""

from pathlib import Path

import pytest

from bokeh_cloud_server.serve import _check_storage
from bokeh_common.storage import open_records


def test_only_a_new_storage_is_announced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = f"local://{tmp_path}/typo"
    _check_storage(storage)
    assert capsys.readouterr().err == f"A new, empty storage was created in {storage}\n"
    open_records(storage, "auth").put("key", "value")
    _check_storage(storage)
    assert capsys.readouterr().err == ""
