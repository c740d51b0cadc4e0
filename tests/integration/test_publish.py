"""Plots that the client publishes, as the API returns them."""

import base64
import gzip
from functools import partial
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

import bokeh_cloud
from tests.support.embedded_server import one_process
from tests.support.paging import follow_pages

SEPARATE_PROCESSES = True


def sine(n: int = 500, label: str = "a") -> Any:
    x = np.linspace(0, 10, n)
    plot = figure(title="Sine", width=300, height=200)
    plot.line("x", "y", source=ColumnDataSource({"x": x, "y": np.sin(x), "label": [label] * n}))
    return plot


@pytest.fixture
def server(cloud: str) -> bokeh_cloud.Server:
    return bokeh_cloud.Server(cloud)


def get(cloud: str, path: str, **headers: str) -> requests.Response:
    return requests.get(cloud + path, headers=headers, timeout=30)


def test_a_published_plot_is_listed_and_has_a_page(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(), "list and show")
    assert (plot.version, plot.visibility, plot.unchanged) == (1, "private", False)
    assert plot.name in [p.name for p in server.plots()]
    assert get(cloud, "/").text.count(f"/plots/{plot.id}/show") == 1
    assert plot.name in requests.get(plot.url, timeout=30).text


def test_only_a_changed_plot_gets_a_new_version(server: bokeh_cloud.Server) -> None:
    first = server.publish(sine(), "versions")
    same = server.publish(sine(), "versions")
    changed = server.publish(sine(label="b"), "versions")
    assert (same.version, same.unchanged) == (1, True)
    assert (changed.version, changed.unchanged, changed.url) == (2, False, first.url)


def test_only_new_columns_are_uploaded(
    server: bokeh_cloud.Server, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads: list[int] = []
    original = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if request.method == "PUT":
            uploads.append(int(request.headers["Content-Length"]))
        return original(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", send)
    server.publish(sine(1234), "columns")
    assert sorted(uploads)[-2:] == [1234 * 8] * 2
    uploads.clear()
    server.publish(sine(1234), "columns again, under another name")
    assert uploads == []
    server.publish(sine(1234, label="c"), "columns")
    assert len(uploads) == 1


def test_the_models_of_a_plot_are_listed(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(), "objects")
    response = get(cloud, f"/local/plots/{plot.id}").json()
    [root] = response["roots"]
    assert response["objects"][root]["name"] == "Figure"
    assert all(oid.startswith(f"{plot.id}.p") for oid in response["objects"])
    assert "ndarray" not in str(response["objects"][root])


def test_models_are_returned_with_their_data(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(label="ü"), "objects with data")
    objects = get(cloud, f"/local/plots/{plot.id}").json()["objects"]
    [source] = [oid for oid, item in objects.items() if item["name"] == "ColumnDataSource"]
    [title] = [oid for oid, item in objects.items() if item["name"] == "Title"]
    response = get(cloud, f"/local/objects/{title},{plot.id}.nothing,{source}").json()
    assert response["missing"] == [f"{plot.id}.nothing"]
    assert [item["name"] for item in response["objects"]] == ["Title", "ColumnDataSource"]
    columns = dict(response["objects"][1]["attributes"]["data"]["entries"])
    values = np.frombuffer(gzip.decompress(base64.b64decode(columns["y"]["array"]["data"])))
    assert np.array_equal(values, np.sin(np.linspace(0, 10, 500)))
    assert columns["label"] == ["ü"] * 500


def test_missing_models_are_not_found(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(), "objects")
    for oid in (f"{plot.id}.nothing", "nothing.p1", "nothing", "..", ".", ","):
        assert get(cloud, f"/local/objects/{oid}").status_code in {404, 422}


def test_the_data_sources_of_a_plot_are_listed(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(), "sources")
    [source] = get(cloud, f"/local/plots/{plot.id}/data").json()["sources"]
    summary = get(cloud, f"/local/data/{source['id']}").json()
    assert list(summary["columns"]) == ["x", "y", "label"]
    assert summary["columns"]["y"]["dtype"] == "float64"
    assert summary["columns"]["y"]["length"] == 500
    assert source["id"] in [s["id"] for s in get(cloud, "/local/data?limit=1000").json()["sources"]]


def test_columns_are_immutable_and_have_etags(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(), "etags")
    [source] = get(cloud, f"/local/plots/{plot.id}/data").json()["sources"]
    name = get(cloud, f"/local/data/{source['id']}").json()["columns"]["y"]["hash"]
    first = get(cloud, f"/local/data/columns/{name}")
    assert first.headers["etag"] == f'"{name}"'
    assert "immutable" in first.headers["cache-control"]
    assert np.array_equal(np.frombuffer(first.content), np.sin(np.linspace(0, 10, 500)))
    again = get(cloud, f"/local/data/columns/{name}", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_each_version_has_its_scene(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(), "scenes")
    server.publish(sine(label="z"), "scenes")
    first, second, newest = (
        get(cloud, f"/local/plots/{plot.id}/scene{q}") for q in ("?version=1", "?version=2", "")
    )
    assert first.text != second.text == newest.text
    assert "immutable" in first.headers["cache-control"]
    assert "immutable" not in newest.headers["cache-control"]
    assert get(cloud, f"/local/plots/{plot.id}/scene?version=3").status_code == 404
    assert get(cloud, f"/local/plots/{plot.id}/scene?version=x").status_code == 422


def test_a_rollback_makes_an_old_version_current(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(), "history")
    server.publish(sine(label="z"), "history")
    path = f"{cloud}/local/plots/{plot.id}"
    back = requests.post(f"{path}/rollback", json={"version": 1}, timeout=30)
    assert (back.status_code, back.json()["version"]) == (200, 3)
    assert [v["version"] for v in requests.get(f"{path}/versions", timeout=30).json()["versions"]] == [
        3,
        2,
        1,
    ]
    scenes = [requests.get(f"{path}/scene?version={n}", timeout=30).text for n in (1, 2, 3)]
    assert scenes[0] == scenes[2] != scenes[1]
    for body, status in (({"version": 9}, 404), ({"version": "1"}, 422), ({}, 422), ([], 422)):
        assert requests.post(f"{path}/rollback", json=body, timeout=30).status_code == status


def test_if_match_protects_from_lost_updates(server: bokeh_cloud.Server, cloud: str) -> None:
    plot = server.publish(sine(), "changes")
    path = f"{cloud}/local/plots/{plot.id}"
    etag = requests.get(path, timeout=30).headers["etag"]
    first = requests.patch(path, json={"title": "New"}, headers={"If-Match": etag}, timeout=30)
    assert (first.status_code, first.json()["title"]) == (200, "New")
    second = requests.patch(path, json={"title": "Newer"}, headers={"If-Match": etag}, timeout=30)
    assert (second.status_code, second.json()["type"]) == (412, "/problems/precondition-failed")
    assert requests.delete(path, headers={"If-Match": etag}, timeout=30).status_code == 412
    assert requests.delete(path, headers={"If-Match": first.headers["etag"]}, timeout=30).status_code == 204
    for address in (path, plot.url, plot.embed_url, f"{path}/scene"):
        assert requests.get(address, timeout=30).status_code == 404


def test_the_title_is_given_or_taken_from_the_document(server: bokeh_cloud.Server) -> None:
    document = Document(title="Of the document")
    document.add_root(sine())
    assert server.publish(document, "title 1").title == "Of the document"
    assert server.publish(sine(), "title 2").title == "Sine"
    assert server.publish(sine(), "title 3", title="Given").title == "Given"


def test_plots_are_listed_in_pages(server: bokeh_cloud.Server, cloud: str) -> None:
    for i in range(5):
        server.publish(sine(), f"page {i}")
    pages = follow_pages(partial(get, cloud), "/local/plots?limit=2")
    names = [plot["name"] for page in pages for plot in page.json()["plots"]]
    assert names == sorted(names)
    assert {f"page {i}" for i in range(5)} <= set(names)


def test_plots_survive_a_restart(tmp_path: Any) -> None:
    with one_process(f"local://{tmp_path}") as url:
        plot = bokeh_cloud.Server(url).publish(sine(), "restart")
        scene = requests.get(f"{url}/local/plots/{plot.id}/scene", timeout=30).text
    with one_process(f"local://{tmp_path}") as url:
        assert [p.id for p in bokeh_cloud.Server(url).plots()] == [plot.id]
        assert requests.get(f"{url}/local/plots/{plot.id}/scene", timeout=30).text == scene
        assert bokeh_cloud.Server(url).publish(sine(), "restart").unchanged
