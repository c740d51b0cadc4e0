"""Who sees a plot: its owner, those who have a share link, those whom its visibility lets in."""

import re
from typing import Any

import pytest
import requests

import bokeh_cloud
from tests.integration.accounts.conftest import PUBLISHING, line
from tests.integration.people import TIMEOUT, Cloud, Person


def visit(url: str, **how: Any) -> requests.Response:
    """Open an address as somebody without an account."""
    return requests.get(url, timeout=TIMEOUT, headers={"Accept": "text/html,*/*", **how})


def test_visibility(cloud: Cloud, ada: Person, bob: Person) -> None:
    key, others = ada.make_key(*PUBLISHING), bob.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(5), "seen by some")
    api = f"/ada/plots/{plot.id}"
    for visibility, status in (("link", 200), ("public", 200), ("private", 404)):
        assert cloud.request("PATCH", api, key, json={"visibility": visibility}).status_code == 200
        for path in (api, f"{api}/scene", f"{api}/data", f"/plots/{plot.id}/show", f"/plots/{plot.id}/embed"):
            assert visit(cloud.url + path).status_code == status, (visibility, path)
            assert cloud.request("GET", path, others).status_code == status, (visibility, path)
            assert cloud.request("GET", path, "bkp_wrong").status_code == 401
        for path in (api, f"{api}/rollback", f"{api}/shares"):
            for who in (None, others):
                refused = [
                    cloud.request(m, path, who, json={}).status_code for m in ("PATCH", "DELETE", "POST")
                ]
                assert set(refused) <= {401, 404, 405}, (visibility, path)
        assert (
            cloud.request("GET", api.replace("ada", "bob"), others).status_code == 404
        )  # not bob's, whoever sees it


def test_the_frame_of_a_public_plot_reads_its_data(cloud: Cloud, ada: Person) -> None:
    key = ada.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(6), "public")
    assert "frame-ancestors 'self'" in ada.get(f"/plots/{plot.id}/embed").headers["content-security-policy"]
    cloud.request("PATCH", f"/ada/plots/{plot.id}", key, json={"visibility": "public"})
    frame = visit(plot.embed_url)
    assert "frame-ancestors 'self' *" in frame.headers["content-security-policy"]
    [token] = set(re.findall(r"bkv_[\w.-]+", frame.text))
    hashes = re.findall(r"[0-9a-f]{64}", cloud.request("GET", f"/ada/plots/{plot.id}/scene", token).text)
    body = {"columns": sorted(set(hashes))}
    assert cloud.request("POST", "/ada/data/columns", token, json=body).status_code == 200
    assert cloud.request("POST", "/ada/data/columns", json=body).status_code == 401


def test_a_view_token_reads_rows_of_its_plot_alone(cloud: Cloud, ada: Person) -> None:
    key = ada.make_key(*PUBLISHING)
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    seen, other = (
        server.publish(line(61), "rows that are seen"),
        server.publish(line(62), "rows that are not"),
    )
    sources = [
        cloud.request("GET", f"/ada/plots/{plot.id}/data", key).json()["sources"][0]["id"]
        for plot in (seen, other)
    ]
    cloud.request("PATCH", f"/ada/plots/{seen.id}", key, json={"visibility": "link"})
    [token] = set(re.findall(r"bkv_[\w.-]+", visit(seen.embed_url).text))
    window = "x=x&y=y&pixels=10"
    for ask in (
        ".csv",
        ".parquet",
        ".arrow",
        ".json?columns=y",
        f".packed?{window}",
        f"?{window}",
        "?rows=0:5",
        "",
    ):
        mine, others = (cloud.request("GET", f"/ada/data/{source}{ask}", token) for source in sources)
        assert mine.status_code == 200, (ask, mine.text)
        assert others.status_code in {403, 404}, ask
        assert cloud.request("GET", f"/ada/data/{sources[0]}{ask}").status_code == 401
    hashes = [
        cloud.request("GET", f"/ada/data/{source}", key).json()["columns"]["y"]["hash"] for source in sources
    ]
    asked = [
        cloud.request("GET", f"/ada/data/columns/window?x={hashes[0]}&y={column}", token) for column in hashes
    ]
    assert [answer.status_code for answer in asked] == [200, 404]


def test_share_links(cloud: Cloud, ada: Person) -> None:
    key = ada.make_key(*PUBLISHING)
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    plot, other = server.publish(line(7), "shared"), server.publish(line(8), "not shared")
    path = f"/ada/plots/{plot.id}/shares"
    made = cloud.request("POST", path, key, json={"origins": ["https://blog.example.org"]}).json()
    assert visit(cloud.url + made["show"]).status_code == 200
    assert made["embed"].partition("?")[2] in visit(cloud.url + made["show"]).text
    policy = visit(cloud.url + made["embed"]).headers["content-security-policy"]
    assert "frame-ancestors 'self' https://blog.example.org" in policy
    for page in ("show", "embed"):
        assert visit(cloud.url + made[page].replace(plot.id, other.id)).status_code == 404
    token = made["show"].partition("=")[2]
    for wrong in (f"/ada/plots/{other.id}", "/ada/plots", "/ada/data", "/ada/keys", path, "/whoami"):
        assert cloud.request("GET", wrong, token).status_code in {403, 404}, wrong
    assert cloud.request("PATCH", f"/ada/plots/{plot.id}", token, json={"title": "x"}).status_code == 404
    listed = cloud.request("GET", path, key)
    assert [share["id"] for share in listed.json()["shares"]] == [made["id"]]
    assert token not in listed.text
    assert cloud.request("DELETE", f"/ada/plots/{other.id}/shares/{made['id']}", key).status_code == 404
    assert cloud.request("DELETE", f"{path}/{made['id']}", key).status_code == 204
    assert visit(cloud.url + made["show"]).status_code == 401
    assert cloud.request("GET", path, key).json() == {"shares": []}


@pytest.mark.parametrize(
    "wishes",
    [
        {"origins": ["https://x.example; script-src *"]},
        {"origins": ["*"]},
        {"origins": ["https://x.example/path"]},
        {"origins": "x"},
        {"expires": "2020-01-01T00:00:00Z"},
        {"expires": "soon"},
        {"more": 1},
        [],
    ],
)
def test_share_links_that_cannot_be(cloud: Cloud, ada: Person, wishes: Any) -> None:
    key = ada.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(9), "not to be shared so")
    assert cloud.request("POST", f"/ada/plots/{plot.id}/shares", key, json=wishes).status_code == 422
