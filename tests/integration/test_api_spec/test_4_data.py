"""Data sources: list, create, commit, read and append; chunks and columns."""

import struct
from functools import partial
from typing import Any

from blake3 import blake3

from tests.integration.test_api_spec.caller import Caller, problem, read_column
from tests.support.paging import follow_pages


def test_get_data_lists_data_sources_in_pages(ada: Caller) -> None:
    made = {ada.source(60.0 + i)["id"] for i in range(3)}
    pages = follow_pages(partial(ada, "GET"), "/{user}/data?limit=2")
    assert made <= {source["id"] for page in pages for source in page.json()["sources"]}


def test_post_data_creates_a_frozen_source(ada: Caller) -> None:
    first, again = ada.source(61.0, 62.0), ada.source(61.0, 62.0)
    assert first == again
    assert (first["version"], first["live"]) == (1, False)


def test_put_data_commits_a_new_version(ada: Caller) -> None:
    source = ada.live_source(1.0)
    path = f"/{{user}}/data/{source['id']}"
    change = {"columns": {"y": ada.upload(2.0)}}
    problem(ada("PUT", path, json=change), 428, "precondition-required")
    tag = {"If-Match": ada("GET", path).headers["ETag"]}
    committed = ada("PUT", path, json=change, headers=tag)
    assert (committed.status_code, committed.json()["version"]) == (200, 2)
    problem(ada("PUT", path, json=change, headers=tag), 412, "precondition-failed")


def test_get_data_source_returns_a_summary(ada: Caller) -> None:
    source = ada.source(63.0, 64.0, 65.0)
    response = ada("GET", f"/{{user}}/data/{source['id']}")
    [(name, summary)] = response.json()["columns"].items()
    assert name == "y"
    assert (summary["dtype"], summary["shape"], summary["length"], summary["size"]) == ("float64", [3], 3, 24)
    assert read_column(ada, summary["hash"]) == (63.0, 64.0, 65.0)
    headers = {"If-None-Match": response.headers["ETag"]}
    assert ada("GET", f"/{{user}}/data/{source['id']}", headers=headers).status_code == 304


def test_post_rows_appends_them(ada: Caller) -> None:
    source = ada.live_source(1.0)
    grown = ada.append(source["id"], 2.0, 3.0)
    assert grown["version"] == 2
    assert read_column(ada, grown["columns"]["y"]["hash"]) == (1.0, 2.0, 3.0)


def test_a_retried_append_is_executed_once(ada: Caller) -> None:
    source = ada.live_source(1.0)
    path, retry = f"/{{user}}/data/{source['id']}/rows", {"Idempotency-Key": "append-1"}
    for _ in range(2):
        grown = ada.ok("POST", path, json={"rows": {"y": [2.0]}}, headers=retry)
    assert read_column(ada, grown["columns"]["y"]["hash"]) == (1.0, 2.0)


def test_a_retried_batch_of_a_writer_is_appended_once(ada: Caller) -> None:
    source = ada.live_source(1.0)
    path = f"/{{user}}/data/{source['id']}/rows"
    for number in (1, 2, 2, 1, 3):
        headers = {"Idempotency-Key": f"writer/{source['id']}/{number}"}
        grown = ada.ok("POST", path, json={"rows": {"y": [number + 1.0]}}, headers=headers)
    assert read_column(ada, grown["columns"]["y"]["hash"]) == (1.0, 2.0, 3.0, 4.0)
    assert grown["version"] == 4


def test_post_rollback_makes_an_old_version_of_a_source_current(ada: Caller) -> None:
    source = ada.live_source(1.0)
    ada.append(source["id"], 2.0)
    path = f"/{{user}}/data/{source['id']}"
    assert [version["version"] for version in ada.ok("GET", f"{path}/versions")["versions"]] == [1, 2]
    back = ada.ok("POST", f"{path}/rollback", json={"version": 1})
    assert (back["version"], read_column(ada, back["columns"]["y"]["hash"])) == (3, (1.0,))
    problem(ada("POST", f"{path}/rollback", json={"version": 9}), 404, "not-found")


def test_post_missing_lists_the_chunks_to_upload(ada: Caller, bob: Caller) -> None:
    data = struct.pack("<d", 66.25)
    chunk = blake3(data).hexdigest()
    body = {"chunks": [chunk]}
    assert ada.ok("POST", "/{user}/data/chunks/missing", json=body) == {"missing": [chunk]}
    problem(ada("PUT", f"/{{user}}/data/chunks/{chunk}", data=b"other"), 422, "hash-mismatch")
    assert ada("PUT", f"/{{user}}/data/chunks/{chunk}", data=data).status_code == 201
    assert ada.ok("POST", "/{user}/data/chunks/missing", json=body) == {"missing": []}
    assert bob.ok("POST", "/{user}/data/chunks/missing", json=body) == {"missing": [chunk]}


def test_post_columns_returns_several_columns(ada: Caller) -> None:
    hashes = [ada.source(value)["columns"]["y"]["hash"] for value in (67.0, 68.0)]
    response = ada("POST", "/{user}/data/columns", json={"columns": hashes})
    assert response.content == struct.pack("<QdQd", 8, 67.0, 8, 68.0)


def test_delete_data_lists_the_plots_that_it_would_break(ada: Caller) -> None:
    plot, source = ada.plot("uses data", 69.0), ada.source(69.0)["id"]
    rejected = ada("DELETE", f"/{{user}}/data/{source}")
    assert rejected.status_code == 409
    assert rejected.json()["plots"] == [{"id": plot["id"], "name": "uses data"}]
    assert ada("DELETE", f"/{{user}}/data/{source}?force=true").status_code == 204
    problem(ada("GET", f"/{{user}}/data/{source}"), 404, "not-found")


def test_post_data_accepts_a_file(ada: Caller) -> None:
    csv: Any = {"data": b"x,y\n1,2.5\n2,\n", "headers": {"Content-Type": "text/csv"}}
    made = ada.ok("POST", "/{user}/data?name=file", **csv)
    assert (made["live"], {n: c["dtype"] for n, c in made["columns"].items()}) == (
        True, {"x": "int64", "y": "float64"},
    )  # fmt: skip
    assert read_column(ada, made["columns"]["y"]["hash"])[0] == 2.5
    problem(ada("POST", "/{user}/data?name=file", **{**csv, "data": b"x,x\n1,2\n"}), 422, "unreadable-file")
