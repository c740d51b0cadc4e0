"""Looking for changes of live data, which anyone who may see the plot can ask for, delays nothing else."""

import threading
from pathlib import Path
from typing import Any

import pytest

from bokeh_data.sources.changes import SourceChanges
from tests.integration.test_api_spec.caller import document
from tests.support.account_cloud import AccountCloud


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that look for changes."""
    names: list[str] = []
    find = SourceChanges.find

    def record(*args: Any) -> Any:
        names.append(threading.current_thread().name)
        return find(*args)

    monkeypatch.setattr(SourceChanges, "find", record)
    return names


def test_changes_have_threads_of_which_one_client_cannot_take_all(tmp_path: Path, threads: list[str]) -> None:
    cloud = AccountCloud(f"local://{tmp_path / 'storage'}", tmp_path / "outbox")
    key = cloud.make_key("ada")
    source = cloud.upload("ada", key, bytes(3), live=True)
    column = cloud.request("GET", f"/ada/data/{source}", key).json["columns"]["x"]
    body = {"name": "p", "document": document(column), "sources": [{"model": "p2", "id": source}]}
    plot = cloud.request("POST", "/ada/store", key, json=body).json["id"]
    cloud.request("PATCH", f"/ada/plots/{plot}", key, json={"visibility": "link"})
    response = cloud.request("GET", f"/plots/{plot}/events?wait=0&since=1-{'0' * 16}-1.1.3.3", None)
    assert response.status_code == 200, response.text
    assert threads
    assert all(name.startswith("change") for name in threads)
