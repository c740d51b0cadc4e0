"""Data sources: list, create, commit, read, append, and the chunks that they are made of."""

import json
import re
import struct
from typing import Any

from blake3 import blake3

from tests.integration.test_api_spec.caller import Caller, document, problem


def live(caller: Caller, *values: float) -> Any:
    """Make a live source with the column `y`."""
    body = {"name": "live", "live": True, "columns": {"y": caller.upload(*values)}}
    return caller.ok("POST", "/{user}/data", json=body)


def append(caller: Caller, source: str, *values: float) -> Any:
    return caller.ok("POST", f"/{{user}}/data/{source}/rows", json={"rows": {"y": list(values)}})


def column(caller: Caller, name: str, **how: Any) -> tuple[float, ...]:
    data = caller("GET", f"/{{user}}/data/columns/{name}", **how).content
    return struct.unpack(f"<{len(data) // 8}d", data)


def y_of(scene: Any) -> str:
    [entry] = scene["roots"][0]["attributes"]["tags"][0]["attributes"]["data"]["entries"]
    return str(entry[1]["array"]["data"]["id"])


def test_get_data_lists_data_sources(ada: Caller) -> None:
    made = {ada.source(60.0 + i)["id"] for i in range(3)}
    found, path = [], "/{user}/data?limit=2"
    while path:
        answer = ada("GET", path)
        found += answer.json()["sources"]
        path = answer.links.get("next", {}).get("url", "")
    assert made <= {source["id"] for source in found}


def test_post_data_creates_a_frozen_source(ada: Caller) -> None:
    first, again = ada.source(61.0, 62.0), ada.source(61.0, 62.0)
    assert first == again
    assert (first["version"], first["live"]) == (1, False)


def test_put_data_commits_a_new_version(ada: Caller) -> None:
    source = live(ada, 1.0)
    path = f"/{{user}}/data/{source['id']}"
    change = {"columns": {"y": ada.upload(2.0)}}
    problem(ada("PUT", path, json=change), 428, "precondition-required")
    tag = {"If-Match": ada("GET", path).headers["ETag"]}
    done = ada("PUT", path, json=change, headers=tag)
    assert (done.status_code, done.json()["version"]) == (200, 2)
    problem(ada("PUT", path, json=change, headers=tag), 412, "precondition-failed")


def test_get_data_source_summarises_it(ada: Caller) -> None:
    source = ada.source(63.0, 64.0, 65.0)
    answer = ada("GET", f"/{{user}}/data/{source['id']}")
    [(name, summary)] = answer.json()["columns"].items()
    assert name == "y"
    assert (summary["dtype"], summary["shape"], summary["length"], summary["size"]) == ("float64", [3], 3, 24)
    assert column(ada, summary["hash"]) == (63.0, 64.0, 65.0)
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert ada("GET", f"/{{user}}/data/{source['id']}", headers=headers).status_code == 304


def test_get_data_source_reads_rows(ada: Caller) -> None:
    path = f"/{{user}}/data/{ada.source(*(float(i) for i in range(100)))['id']}"
    asked = {"where": ["y >= 10", "y < 90"], "limit": 3, "rows": "::2"}
    answer = ada("GET", path, params=asked)
    assert answer.json() == {"kind": "rows", "rows": 3, "columns": {"y": [10.0, 12.0, 14.0]}}
    assert ada("GET", f"{path}.csv", params=asked).text.split() == ['"y"', "10", "12", "14"]
    csv = ada("GET", path, headers={"Accept": "text/csv"})
    assert csv.headers["Content-Type"].startswith("text/csv")
    assert len(csv.text.split()) == 101
    again = ada("GET", path, params=asked, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert ada("GET", f"{path}.xls").status_code == 404
    problem(ada("GET", path, params={"columns": "z"}), 422, "invalid")


def test_get_data_source_shows_a_window(ada: Caller) -> None:
    path = f"/{{user}}/data/{ada.source(*(float(i % 97) for i in range(5000)))['id']}"
    answer = ada("GET", path, params={"y": "y", "from": "100", "to": "4000", "pixels": "10"})
    assert answer.headers["Bokeh-Cloud-Rows"] == "reduced"
    assert answer.json()["columns"]["y"] == [0.0, 96.0] * 10
    problem(ada("GET", path, params={"y": "y", "from": "nan"}), 422, "invalid")
    problem(ada("GET", path, params={"from": "1"}), 422, "invalid")


def test_get_data_source_is_not_impressed_by_a_range_of_10_to_the_18th_rows(ada: Caller) -> None:
    path = f"/{{user}}/data/{ada.source(*(float(i) for i in range(5000)))['id']}"
    assert ada("GET", path, params={"rows": f"0:{10**18}", "limit": 2}).json()["rows"] == 2
    assert ada("GET", path, params={"rows": f"{10**18}:{2 * 10**18}"}).json()["columns"] == {"y": []}
    for x in ({}, {"x": "y"}):
        wide = {**x, "y": "y", "from": str(-(10**18)), "to": str(10**18), "pixels": "100"}
        seen = ada("GET", path, params=wide).json()
        assert (seen["kind"], min(seen["columns"]["y"]), max(seen["columns"]["y"])) == ("reduced", 0, 4999)


def test_get_data_source_says_that_an_x_with_nan_is_none(ada: Caller) -> None:
    path = f"/{{user}}/data/{ada.source(1.0, float('nan'), 3.0)['id']}"
    answer = ada("GET", path, params={"x": "y", "y": "y"})
    assert "NaN" in problem(answer, 422, "invalid")["detail"]


def test_get_data_source_reads_rows_and_windows_of_versions_as_they_were(ada: Caller) -> None:
    source = live(ada, *(float(i % 97) for i in range(5000)))
    path = f"/{{user}}/data/{source['id']}"
    append(ada, source["id"], *(1000.0 + i for i in range(5000)))
    window = {"y": "y", "pixels": "10"}
    old, new = (ada("GET", path, params={**window, "version": n}) for n in ("1", "2"))
    assert [max(answer.json()["columns"]["y"]) for answer in (old, new)] == [96, 5999]
    assert [answer.headers["Bokeh-Cloud-Rows"] for answer in (old, new)] == ["reduced", "reduced"]
    assert old.headers["ETag"] != new.headers["ETag"] == ada("GET", path, params=window).headers["ETag"]
    last = {"rows": "4998:5002"}
    rows = [ada("GET", path, params={**last, "version": n}).json()["columns"]["y"] for n in ("1", "2")]
    assert rows == [[51, 52], [51, 52, 1000, 1001]]
    found = ada("GET", f"{path}.csv", params={"where": "y >= 96", "limit": "99999", "version": "1"})
    assert found.text.split() == ['"y"'] + ["96"] * 51
    for wrong in ({"rows": ":"}, window, {"full": "1"}):
        problem(ada("GET", path, params={**wrong, "version": "3"}), 404, "not-found")


def test_get_window_of_columns_as_pages_ask_for_it(ada: Caller, bob: Caller) -> None:
    [(_, summary)] = ada.source(*(float(i % 97) for i in range(5000)))["columns"].items()
    asked = {"x": summary["hash"], "y": summary["hash"], "pixels": "10"}
    path = "/{user}/data/columns/window"
    answer = ada("GET", path, params={**asked, "from": "100"})
    assert answer.headers["Bokeh-Cloud-Rows"] == "sampled"  # x does not ascend
    assert "immutable" in answer.headers["Cache-Control"]
    again = ada(
        "GET", path, params={**asked, "from": "100"}, headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    [(_, ascending)] = ada.source(*(float(i) for i in range(5000)))["columns"].items()
    both = {**asked, "x": ascending["hash"]}
    answer = ada("GET", path, params={**both, "from": "96", "to": "99.5", "around": "1"})
    assert answer.headers["Bokeh-Cloud-Rows"] == "exact"
    assert packed_rows(answer.content)[summary["hash"]] == (95.0, 96.0, 0.0, 1.0, 2.0, 3.0)
    reduced = packed_rows(ada("GET", path, params=both).content)
    assert len(reduced[summary["hash"]]) == 40
    problem(ada("GET", path, params={**both, "from": "nan"}), 422, "invalid")
    problem(ada("GET", path, params={**both, "y": ",".join([summary["hash"]] * 51)}), 422, "invalid")
    assert ada("GET", path, params={**both, "y": "0" * 64}).status_code == 404
    assert bob("GET", path, params=both).status_code == 404


def packed_rows(data: bytes) -> dict[str, tuple[float, ...]]:
    """Return columns of float64 by name, of packed rows (ARCHITECTURE.md, Formats)."""
    start = 4 + int.from_bytes(data[:4], "little")
    head = json.loads(data[4:start])
    columns = {}
    for name, leaf in head["value"]["columns"].items():
        at = start + sum(head["buffers"][: leaf["array"]["data"]["id"]])
        columns[name] = struct.unpack_from(f"<{leaf['shape'][0]}d", data, at)
    return columns


def test_post_rows_appends(ada: Caller) -> None:
    source = live(ada, 1.0)
    grown = append(ada, source["id"], 2.0, 3.0)
    assert grown["version"] == 2
    assert column(ada, grown["columns"]["y"]["hash"]) == (1.0, 2.0, 3.0)


def test_a_retried_append_is_done_once(ada: Caller) -> None:
    source = live(ada, 1.0)
    path, retry = f"/{{user}}/data/{source['id']}/rows", {"Idempotency-Key": "append-1"}
    for _ in range(2):
        grown = ada.ok("POST", path, json={"rows": {"y": [2.0]}}, headers=retry)
    assert column(ada, grown["columns"]["y"]["hash"]) == (1.0, 2.0)


def test_get_versions_of_data_and_rollback(ada: Caller) -> None:
    source = live(ada, 1.0)
    append(ada, source["id"], 2.0)
    path = f"/{{user}}/data/{source['id']}"
    assert [one["version"] for one in ada.ok("GET", f"{path}/versions")["versions"]] == [1, 2]
    back = ada.ok("POST", f"{path}/rollback", json={"version": 1})
    assert (back["version"], column(ada, back["columns"]["y"]["hash"])) == (3, (1.0,))
    problem(ada("POST", f"{path}/rollback", json={"version": 9}), 404, "not-found")


def test_post_missing_chunks_then_put_those(ada: Caller, bob: Caller) -> None:
    data = struct.pack("<d", 66.25)
    chunk = blake3(data).hexdigest()
    asked = {"json": {"chunks": [chunk]}}
    assert ada.ok("POST", "/{user}/data/chunks/missing", **asked) == {"missing": [chunk]}
    problem(ada("PUT", f"/{{user}}/data/chunks/{chunk}", data=b"other"), 422, "hash-mismatch")
    assert ada("PUT", f"/{{user}}/data/chunks/{chunk}", data=data).status_code == 201
    assert ada.ok("POST", "/{user}/data/chunks/missing", **asked) == {"missing": []}
    assert bob.ok("POST", "/{user}/data/chunks/missing", **asked) == {"missing": [chunk]}


def test_post_columns_reads_small_columns_in_one_batch(ada: Caller) -> None:
    hashes = [ada.source(value)["columns"]["y"]["hash"] for value in (67.0, 68.0)]
    answer = ada("POST", "/{user}/data/columns", json={"columns": hashes})
    assert answer.content == struct.pack("<QdQd", 8, 67.0, 8, 68.0)


def test_delete_data_names_the_plots_that_it_would_break(ada: Caller) -> None:
    plot, source = ada.plot("uses data", 69.0), ada.source(69.0)["id"]
    refused = ada("DELETE", f"/{{user}}/data/{source}")
    assert refused.status_code == 409
    assert refused.json()["plots"] == [{"id": plot["id"], "name": "uses data"}]
    assert ada("DELETE", f"/{{user}}/data/{source}?force=true").status_code == 204
    problem(ada("GET", f"/{{user}}/data/{source}"), 404, "not-found")


def test_a_plot_shows_live_data_as_they_are_and_versions_as_they_were(ada: Caller) -> None:
    source = live(ada, 1.0)
    body = {
        "name": "live",
        "document": document(source["columns"]["y"]),
        "sources": [{"model": "p2", "id": source["id"]}],
    }
    plot = ada.ok("POST", "/{user}/store", json=body)
    path = f"/{{user}}/plots/{plot['id']}/scene"
    before = ada("GET", path)
    append(ada, source["id"], 2.0)
    after = ada("GET", path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert column(ada, y_of(after.json())) == (1.0, 2.0)
    assert column(ada, y_of(ada.ok("GET", f"{path}?version=1"))) == (1.0,)
    [item] = ada.ok("GET", f"/{{user}}/objects/{plot['id']}.p2")["objects"]
    assert item["attributes"]["data"]["entries"][0][1]["shape"] == [2]
    assert ada.ok("GET", f"/{{user}}/plots/{plot['id']}/data")["sources"][0]["live"] is True


def test_a_view_token_opens_live_columns_that_were_just_replaced(ada: Caller, visitor: Caller) -> None:
    source = live(ada, 5.0)
    body = {
        "name": "live frame",
        "document": document(source["columns"]["y"]),
        "sources": [{"model": "p2", "id": source["id"]}],
    }
    plot = ada.ok("POST", "/{user}/store", json=body)
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "link"})
    columns = [append(ada, source["id"], 6.0)["columns"]["y"]["hash"] for _ in range(2)]
    frame = visitor("GET", f"/plots/{plot['id']}/embed").text
    [token] = set(re.findall(r"bkv_[\w.-]+", frame))
    columns.append(append(ada, source["id"], 7.0)["columns"]["y"]["hash"])
    for name in columns:
        assert len(column(Caller(ada.url, ada.user, token), name)) > 1
    other = ada.source(99.0)["columns"]["y"]["hash"]
    hidden = visitor("GET", f"/{ada.user}/data/columns/{other}", key=token)
    problem(hidden, 404, "not-found")


def test_post_data_takes_a_file(ada: Caller) -> None:
    csv: Any = {"data": b"x,y\n1,2.5\n2,\n", "headers": {"Content-Type": "text/csv"}}
    made = ada.ok("POST", "/{user}/data?name=file", **csv)
    assert (made["live"], {n: c["dtype"] for n, c in made["columns"].items()}) == (
        True, {"x": "int64", "y": "float64"},
    )  # fmt: skip
    assert column(ada, made["columns"]["y"]["hash"])[0] == 2.5
    problem(ada("POST", "/{user}/data?name=file", **{**csv, "data": b"x,x\n1,2\n"}), 422, "unreadable-file")
