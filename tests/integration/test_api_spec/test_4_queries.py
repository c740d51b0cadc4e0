"""Rows and windows of data sources and of their versions."""

import json
import struct

from tests.integration.test_api_spec.caller import Caller, problem


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
