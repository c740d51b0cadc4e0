"""What an account has among the data."""

from typing import Any

import pytest
from blake3 import blake3

from bokeh_common.storage import open_blobs, open_records
from bokeh_data import holdings
from bokeh_data.holdings import Holdings
from bokeh_data.records import Records
from bokeh_data.sources import Sources

CHUNKS = [bytes([i]) * 80 for i in range(5)]


def commit(sources: Sources, user: str) -> None:
    for i, chunk in enumerate(CHUNKS):
        name = blake3(chunk).hexdigest()
        sources.store_chunk(user, name, [chunk])
        spec: dict[str, Any] = {
            "dtype": "float64", "shape": [10], "chunks": [{"hash": name, "size": 80}],
        }  # fmt: skip
        sources.create(user, f"source {i}", {"x": spec})


def test_counted_and_erased_in_steps(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, blobs = open_records(storage, "data"), open_blobs(storage, "data")
    records = Records(store, blobs)
    sources = Sources(records)
    commit(sources, "ada")
    commit(sources, "ada2")
    assert Holdings(records).usage("ada") == {"sources": 5, "bytes": 400}
    monkeypatch.setattr(holdings, "AT_ONCE", 2)
    answers = [Holdings(records).erase("ada")]
    while not answers[-1]["done"]:
        answers.append(Holdings(records).erase("ada"))
    assert len(answers) > 6
    assert sum(answer["sources"] for answer in answers) == 5
    assert sum(answer["bytes"] for answer in answers) == 400
    assert Holdings(records).usage("ada") == {"sources": 0, "bytes": 0}
    keys = [record.key for record in store.list()] + [blob.key for blob in blobs.list()]
    assert [key for key in keys if "/ada/" in key] == []
    [column] = sources.columns("ada2", [sources.page("ada2", "", 10)[0].columns["x"]["hash"]])
    assert b"".join(sources.read(column)) in CHUNKS
