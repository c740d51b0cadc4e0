"""Data sources: list, create, commit, read and append; chunks and columns."""

import json
import re
import struct
from functools import partial
from typing import Any

from blake3 import blake3

from tests.integration.test_api_spec.caller import Caller, problem, publication
from tests.support.paging import follow_pages


def read_column(caller: Caller, name: str) -> tuple[float, ...]:
    """Return the values of a column of float64."""
    data = caller("GET", f"/{{user}}/data/columns/{name}").content
    return struct.unpack(f"<{len(data) // 8}d", data)


def column_in_scene(scene: Any) -> str:
    """Return the hash of the column in a scene."""
    [entry] = scene["roots"][0]["attributes"]["tags"][0]["attributes"]["data"]["entries"]
    return str(entry[1]["array"]["data"]["id"])


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


def test_get_data_source_returns_rows(ada: Caller) -> None:
    path = f"/{{user}}/data/{ada.source(*(float(i) for i in range(100)))['id']}"
    query = {"where": ["y >= 10", "y < 90"], "limit": 3, "rows": "::2"}
    response = ada("GET", path, params=query)
    columns = {"types": {"y": "float64"}, "columns": {"y": [10.0, 12.0, 14.0]}}
    assert response.json() == {"kind": "rows", "rows": 3, **columns}
    assert ada("GET", f"{path}.csv", params=query).text.split() == ["y", "10", "12", "14"]
    csv = ada("GET", path, headers={"Accept": "text/csv"})
    assert csv.headers["Content-Type"].startswith("text/csv")
    assert len(csv.text.split()) == 101
    again = ada("GET", path, params=query, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert ada("GET", f"{path}.xls").status_code == 404
    problem(ada("GET", path, params={"columns": "z"}), 422, "invalid")


def test_get_data_source_returns_a_window(ada: Caller) -> None:
    path = f"/{{user}}/data/{ada.source(*(float(i % 97) for i in range(5000)))['id']}"
    response = ada("GET", path, params={"y": "y", "from": "100", "to": "4000", "pixels": "10"})
    assert response.headers["Bokeh-Cloud-Rows"] == "reduced"
    columns = response.json()["columns"]
    assert columns["y"] == [96.0, 0.0] * 10  # in the order of their rows
    assert columns["y"] == [row % 97 for row in columns["row"]]
    problem(ada("GET", path, params={"y": "y", "from": "nan"}), 422, "invalid")
    problem(ada("GET", path, params={"from": "1"}), 422, "invalid")


def test_get_data_source_accepts_ranges_of_10_to_the_18th_rows(ada: Caller) -> None:
    path = f"/{{user}}/data/{ada.source(*(float(i) for i in range(5000)))['id']}"
    assert ada("GET", path, params={"rows": f"0:{10**18}", "limit": 2}).json()["rows"] == 2
    assert ada("GET", path, params={"rows": f"{10**18}:{2 * 10**18}"}).json()["columns"] == {"y": []}
    for x in ({}, {"x": "y"}):
        wide = {**x, "y": "y", "from": str(-(10**18)), "to": str(10**18), "pixels": "100"}
        window = ada("GET", path, params=wide).json()
        values = window["columns"]["y"]
        assert (window["kind"], min(values), max(values)) == ("reduced", 0, 4999)


def test_get_data_source_rejects_x_with_nan(ada: Caller) -> None:
    path = f"/{{user}}/data/{ada.source(1.0, float('nan'), 3.0)['id']}"
    response = ada("GET", path, params={"x": "y", "y": "y"})
    assert "NaN" in problem(response, 422, "invalid")["detail"]


def test_get_data_source_returns_rows_and_windows_of_versions(ada: Caller) -> None:
    source = ada.live_source(*(float(i % 97) for i in range(5000)))
    path = f"/{{user}}/data/{source['id']}"
    ada.append(source["id"], *(1000.0 + i for i in range(5000)))
    window = {"y": "y", "pixels": "10"}
    old, new = (ada("GET", path, params={**window, "version": n}) for n in ("1", "2"))
    assert [max(response.json()["columns"]["y"]) for response in (old, new)] == [96, 5999]
    assert [response.headers["Bokeh-Cloud-Rows"] for response in (old, new)] == ["reduced", "reduced"]
    assert old.headers["ETag"] != new.headers["ETag"] == ada("GET", path, params=window).headers["ETag"]
    last = {"rows": "4998:5002"}
    rows = [ada("GET", path, params={**last, "version": n}).json()["columns"]["y"] for n in ("1", "2")]
    assert rows == [[51, 52], [51, 52, 1000, 1001]]
    found = ada("GET", f"{path}.csv", params={"where": "y >= 96", "limit": "99999", "version": "1"})
    assert found.text.split() == ["y"] + ["96"] * 51
    for query in ({"rows": ":"}, window, {"full": "1"}):
        problem(ada("GET", path, params={**query, "version": "3"}), 404, "not-found")


def test_get_window_returns_columns_as_pages_request_them(ada: Caller, bob: Caller) -> None:
    [(_, summary)] = ada.source(*(float(i % 97) for i in range(5000)))["columns"].items()
    query = {"x": summary["hash"], "y": summary["hash"], "pixels": "10"}
    path = "/{user}/data/columns/window"
    response = ada("GET", path, params={**query, "from": "100"})
    assert response.headers["Bokeh-Cloud-Rows"] == "sampled"  # x does not ascend
    assert "immutable" in response.headers["Cache-Control"]
    again = ada(
        "GET", path, params={**query, "from": "100"}, headers={"If-None-Match": response.headers["ETag"]}
    )
    assert again.status_code == 304
    [(_, ascending)] = ada.source(*(float(i) for i in range(5000)))["columns"].items()
    both = {**query, "x": ascending["hash"]}
    response = ada("GET", path, params={**both, "from": "96", "to": "99.5", "around": "1"})
    assert response.headers["Bokeh-Cloud-Rows"] == "exact"
    assert packed_rows(response.content)[summary["hash"]] == (95.0, 96.0, 0.0, 1.0, 2.0, 3.0)
    reduced = packed_rows(ada("GET", path, params=both).content)
    xs, ys = reduced[ascending["hash"]], reduced[summary["hash"]]
    assert ys == tuple(x % 97 for x in xs)
    assert (xs[0], xs[-1]) == (0, 4999)
    assert len(xs) == 39  # four rows for each pixel; the first one is a minimum, too
    problem(ada("GET", path, params={**both, "from": "nan"}), 422, "invalid")
    problem(ada("GET", path, params={**both, "y": ",".join([summary["hash"]] * 51)}), 422, "invalid")
    assert ada("GET", path, params={**both, "y": "0" * 64}).status_code == 404
    assert bob("GET", path, params=both).status_code == 404


def packed_rows(data: bytes) -> dict[str, tuple[float, ...]]:
    """Return the columns of float64 in packed rows, by name (see docs/formats.md)."""
    start = 4 + int.from_bytes(data[:4], "little")
    head = json.loads(data[4:start])
    columns = {}
    for name, array in head["value"]["columns"].items():
        offset = start + sum(head["buffers"][: array["array"]["data"]["id"]])
        columns[name] = struct.unpack_from(f"<{array['shape'][0]}d", data, offset)
    return columns


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


def test_a_plot_has_current_live_data_and_its_versions_have_those_of_their_time(ada: Caller) -> None:
    source = ada.live_source(1.0)
    plot = ada.ok("POST", "/{user}/store", json=publication("live", source))
    path = f"/{{user}}/plots/{plot['id']}/scene"
    before = ada("GET", path)
    ada.append(source["id"], 2.0)
    after = ada("GET", path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert read_column(ada, column_in_scene(after.json())) == (1.0, 2.0)
    assert read_column(ada, column_in_scene(ada.ok("GET", f"{path}?version=1"))) == (1.0,)
    [item] = ada.ok("GET", f"/{{user}}/objects/{plot['id']}.p2")["objects"]
    assert item["attributes"]["data"]["entries"][0][1]["shape"] == [2]
    assert ada.ok("GET", f"/{{user}}/plots/{plot['id']}/data")["sources"][0]["live"] is True


def view_token(visitor: Caller, plot: Any, query: str = "") -> str:
    """Return the view token in the frame of a plot."""
    frame = visitor("GET", f"/plots/{plot['id']}/embed{query}").text
    [token] = set(re.findall(r"bkv_[\w.-]+", frame))
    return str(token)


def test_a_view_token_opens_live_columns_that_were_drawn_since_it_was_made(
    ada: Caller, visitor: Caller
) -> None:
    source = ada.live_source(5.0)
    plot = ada.ok("POST", "/{user}/store", json=publication("live frame", source))
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "link"})
    before = [source, *(ada.append(source["id"], 6.0) for _ in range(2))]
    token = view_token(visitor, plot)
    after = [before.pop(), *(ada.append(source["id"], 7.0) for _ in range(2))]
    other = ada.source(99.0)

    def column(state: Any) -> str:
        return f"/{ada.user}/data/columns/{state['columns']['y']['hash']}"

    def rows(state: Any) -> str:
        return f"/{ada.user}/data/{source['id']}.csv?version={state['version']}"

    def window(state: Any) -> str:
        y = state["columns"]["y"]["hash"]
        return f"/{ada.user}/data/columns/window?x={y}&y={y}"

    for path in (column, rows, window):
        assert [visitor("GET", path(state), key=token).status_code for state in after] == [200] * 3
        for state in (*before, other):
            problem(visitor("GET", path(state), key=token), 404, "not-found")
    # What the source was when the version was published is history.
    newest = view_token(visitor, plot, "?version=1")
    assert visitor("GET", column(after[-1]), key=newest).status_code == 200
    problem(visitor("GET", column(source), key=newest), 404, "not-found")
    # With history, a page of the published version shows the source as it was then, and nothing newer.
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"history": True})
    pinned = view_token(visitor, plot, "?version=1")
    assert visitor("GET", column(source), key=pinned).status_code == 200
    for state in (before[1], *after):
        problem(visitor("GET", column(state), key=pinned), 404, "not-found")


def test_others_get_those_columns_of_a_live_source_that_the_plot_draws(ada: Caller, visitor: Caller) -> None:
    columns = {name: ada.upload(value, value) for name, value in {"y": 1.0, "salary": 2.0, "z": 3.0}.items()}
    body = {"name": "staff", "live": True, "columns": columns}
    source = ada.ok("POST", "/{user}/data", json=body)
    plot = ada.ok("POST", "/{user}/store", json=publication("staff", source))
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "link"})
    token = view_token(visitor, plot)
    drawn, hidden = (source["columns"][name]["hash"] for name in ("y", "salary"))
    assert drawn in visitor("GET", f"/plots/{plot['id']}/embed").text
    for text in (
        visitor("GET", f"/plots/{plot['id']}/embed").text,
        visitor("GET", f"/plots/{plot['id']}/embed?version=1").text,
        visitor("GET", f"/plots/{plot['id']}/download.html").text,
        visitor("GET", f"/plots/{plot['id']}/data/{source['id']}/csv").text,
        visitor("GET", f"/plots/{plot['id']}/data/{source['id']}/csv?version=1").text,
        visitor("GET", f"/plots/{plot['id']}/data/{source['id']}/json").text,
        *(
            visitor("GET", f"/{ada.user}/{path}", key=key).text
            for key in (None, token)
            for path in (
                f"plots/{plot['id']}",
                f"plots/{plot['id']}/scene",
                f"plots/{plot['id']}/scene?version=1",
            )
        ),
        visitor("GET", f"/{ada.user}/data/{source['id']}", key=token).text,
        visitor("GET", f"/{ada.user}/data/{source['id']}.json", key=token).text,
        visitor("GET", f"/{ada.user}/data/{source['id']}.arrow", key=token).text,
    ):
        assert hidden not in text
        assert "salary" not in text
        assert "y" in text
    for path in (
        f"columns/{hidden}",
        f"columns/window?x={drawn}&y={hidden}",
        f"{source['id']}.csv?columns=salary",
    ):
        assert visitor("GET", f"/{ada.user}/data/{path}", key=token).status_code in {404, 422}, path
    condition = visitor("GET", f"/{ada.user}/data/{source['id']}.csv?where=salary>1", key=token)
    assert condition.status_code == 422
    batch = visitor("POST", f"/{ada.user}/data/columns", key=token, json={"columns": [drawn, hidden]})
    problem(batch, 404, "not-found")
    # The owner's programs get all of it.
    assert hidden in ada("GET", f"/{{user}}/plots/{plot['id']}/scene").text


def test_a_copy_of_another_account_has_the_columns_that_are_drawn(ada: Caller, bob: Caller) -> None:
    columns = {"y": ada.upload(1.0), "salary": ada.upload(2.0)}
    source = ada.ok("POST", "/{user}/data", json={"name": "staff", "live": True, "columns": columns})
    plot = ada.ok("POST", "/{user}/store", json=publication("copied staff", source))
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    for name, version in (("copy", None), ("copy of version", 1)):
        copy = bob.ok("POST", "/{user}/clone", json={"plot": plot["id"], "name": name, "version": version})
        [used] = bob.ok("GET", f"/{{user}}/plots/{copy['id']}/data")["sources"]
        assert bob.ok("GET", f"/{{user}}/data/{used['id']}")["columns"].keys() == {"y"}


def test_post_data_accepts_a_file(ada: Caller) -> None:
    csv: Any = {"data": b"x,y\n1,2.5\n2,\n", "headers": {"Content-Type": "text/csv"}}
    made = ada.ok("POST", "/{user}/data?name=file", **csv)
    assert (made["live"], {n: c["dtype"] for n, c in made["columns"].items()}) == (
        True, {"x": "int64", "y": "float64"},
    )  # fmt: skip
    assert read_column(ada, made["columns"]["y"]["hash"])[0] == 2.5
    problem(ada("POST", "/{user}/data?name=file", **{**csv, "data": b"x,x\n1,2\n"}), 422, "unreadable-file")
