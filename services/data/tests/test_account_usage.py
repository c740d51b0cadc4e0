"""An account's data as a whole."""

from typing import Any

import pytest

from bokeh_common.hashing import hash_bytes
from bokeh_common.storage import open_blobs, open_records
from bokeh_data.accounts import usage
from bokeh_data.accounts.usage import DataUsage
from bokeh_data.storage.quotas import UPLOAD_BYTES
from bokeh_data.storage.repository import record_bytes

CHUNKS = [bytes([i]) * 80 for i in range(5)]


def commit(domain: Any, user: str) -> None:
    for i, chunk in enumerate(CHUNKS):
        name = hash_bytes(chunk)
        domain.chunks.store(user, name, [chunk])
        manifest = {"dtype": "float64", "shape": [10], "chunks": [{"hash": name, "size": 80}]}
        domain.frozen.create(user, f"source {i}", {"x": manifest})


def test_counts_and_deletes_in_steps(domain: Any, storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(domain, "ada")
    commit(domain, "ada2")
    account = DataUsage(domain.repository)
    records, blobs = open_records(storage, "data"), open_blobs(storage, "data")
    expected = 400 + 5 * UPLOAD_BYTES + sum(blob.size for blob in blobs.list("columns/ada/"))
    expected += sum(record_bytes(record.value) for record in records.list("sources/ada/"))
    assert account.count("ada") == {"sources": 5, "bytes": expected}
    monkeypatch.setattr(usage, "MAX_DELETED", 2)
    answers = [account.delete("ada")]
    while not answers[-1]["done"]:
        answers.append(account.delete("ada"))
    assert len(answers) > 6
    assert sum(answer["sources"] for answer in answers) == 5
    assert sum(answer["bytes"] for answer in answers) == expected
    assert account.count("ada") == {"sources": 0, "bytes": 0}
    keys = [record.key for record in records.list()] + [blob.key for blob in blobs.list()]
    assert [key for key in keys if "/ada/" in key] == []


def test_deletion_leaves_the_chunks_of_other_accounts(domain: Any) -> None:
    commit(domain, "ada")
    commit(domain, "ada2")
    assert DataUsage(domain.repository).delete("ada")["done"]
    [column] = domain.columns.get("ada2", [domain.catalog.page("ada2", "", 10)[0].columns["x"]["hash"]])
    assert b"".join(domain.columns.stored_blocks(column)) in CHUNKS
