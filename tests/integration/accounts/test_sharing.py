"""A plot is visible to its owner, to visitors with a share link, and to others by its visibility."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud
from tests.integration.accounts.conftest import PUBLISHING, line
from tests.support.users import TIMEOUT, RunningCloud, User


def visit(url: str) -> requests.Response:
    """Open a URL as a browser without a session."""
    return requests.get(url, timeout=TIMEOUT, headers={"Accept": "text/html,*/*"})


def test_the_visibility_of_a_plot_decides_who_can_read_it(cloud: RunningCloud, ada: User, bob: User) -> None:
    key, others = ada.make_key(*PUBLISHING), bob.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(5), "of each visibility")
    api = f"/ada/plots/{plot.id}"
    for visibility, status in (("link", 200), ("public", 200), ("private", 404)):
        assert cloud.request("PATCH", api, key, json={"visibility": visibility}).status_code == 200
        for path in (api, f"{api}/scene", f"{api}/data", f"/plots/{plot.id}/show", f"/plots/{plot.id}/embed"):
            assert visit(cloud.url + path).status_code == status, (visibility, path)
            assert cloud.request("GET", path, others).status_code == status, (visibility, path)
            assert cloud.request("GET", path, "bkp_wrong").status_code == 401
        for path in (api, f"{api}/rollback", f"{api}/shares"):
            for key_or_none in (None, others):
                statuses = {
                    cloud.request(method, path, key_or_none, json={}).status_code
                    for method in ("PATCH", "DELETE", "POST")
                }
                assert statuses <= {401, 404, 405}, (visibility, path)
        # The plot is not bob's, also if bob can see it.
        assert cloud.request("GET", api.replace("ada", "bob"), others).status_code == 404


def test_the_frame_of_a_public_plot_reads_its_data(cloud: RunningCloud, ada: User) -> None:
    key = ada.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(6), "public")
    assert "frame-ancestors 'self'" in ada.get(f"/plots/{plot.id}/embed").headers["content-security-policy"]
    cloud.request("PATCH", f"/ada/plots/{plot.id}", key, json={"visibility": "public"})
    frame = visit(plot.embed_url)
    assert "frame-ancestors" not in frame.headers["content-security-policy"]
    [token] = set(re.findall(r"bkv_[\w.-]+", frame.text))
    hashes = re.findall(r"[0-9a-f]{64}", cloud.request("GET", f"/ada/plots/{plot.id}/scene", token).text)
    body = {"columns": sorted(set(hashes))}
    assert cloud.request("POST", "/ada/data/columns", token, json=body).status_code == 200
    assert cloud.request("POST", "/ada/data/columns", json=body).status_code == 401


def test_a_view_token_grants_access_to_the_rows_of_its_plot_only(cloud: RunningCloud, ada: User) -> None:
    key = ada.make_key(*PUBLISHING)
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    plot, other = server.publish(line(61), "visible rows"), server.publish(line(62), "hidden rows")
    sources = [
        cloud.request("GET", f"/ada/plots/{published.id}/data", key).json()["sources"][0]["id"]
        for published in (plot, other)
    ]
    cloud.request("PATCH", f"/ada/plots/{plot.id}", key, json={"visibility": "link"})
    [token] = set(re.findall(r"bkv_[\w.-]+", visit(plot.embed_url).text))
    window = "x=x&y=y&pixels=10"
    for suffix in (
        ".csv",
        ".parquet",
        ".arrow",
        ".json?columns=y",
        f".packed?{window}",
        f"?{window}",
        "?rows=0:5",
        "",
    ):
        own, others = (cloud.request("GET", f"/ada/data/{source}{suffix}", token) for source in sources)
        assert own.status_code == 200, (suffix, own.text)
        assert others.status_code in {403, 404}, suffix
        assert cloud.request("GET", f"/ada/data/{sources[0]}{suffix}").status_code == 401
    hashes = [
        cloud.request("GET", f"/ada/data/{source}", key).json()["columns"]["y"]["hash"] for source in sources
    ]
    windows = [
        cloud.request("GET", f"/ada/data/columns/window?x={hashes[0]}&y={column}", token) for column in hashes
    ]
    assert [window.status_code for window in windows] == [200, 404]


def test_a_view_token_ends_when_its_plot_is_made_private(cloud: RunningCloud, ada: User) -> None:
    key = ada.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(63), "closed again")
    path = f"/ada/plots/{plot.id}"
    cloud.request("PATCH", path, key, json={"visibility": "link"})
    link = cloud.request("POST", f"{path}/shares", key, json={}).json()
    strangers, guests = (visit(url).text for url in (plot.embed_url, cloud.url + link["embed"]))
    owners = ada.get(f"/plots/{plot.id}/embed").text
    tokens = [re.findall(r"bkv_[\w.-]+", text)[0] for text in (strangers, guests, owners)]
    [source] = cloud.request("GET", f"{path}/data", key).json()["sources"]
    column = cloud.request("GET", f"/ada/data/{source['id']}", key).json()["columns"]["y"]["hash"]

    def statuses(token: str) -> set[int]:
        """Return the statuses of what the frame requests, and of the rows."""
        paths = (
            f"{path}/scene",
            f"{path}/data",
            f"/plots/{plot.id}/events?wait=0",
            f"/ada/data/columns/{column}",
            f"/ada/data/columns/window?x={column}&y={column}",
            f"/ada/data/{source['id']}.csv",
            f"/plots/{plot.id}/thumbnail.png",
        )
        answers = [cloud.request("GET", address, token) for address in paths]
        batch = cloud.request("POST", "/ada/data/columns", token, json={"columns": [column]})
        return {answer.status_code for answer in (*answers[:-1], batch)} | {answers[-1].status_code} - {404}

    assert [statuses(token) for token in tokens] == [{200}] * 3
    cloud.request("PATCH", path, key, json={"visibility": "private"})
    assert [statuses(token) for token in tokens] == [{404}, {200}, {200}]
    cloud.request("DELETE", f"{path}/shares/{link['id']}", key)
    assert [statuses(token) for token in tokens] == [{404}, {401}, {200}]


def test_a_view_token_cannot_be_exchanged_for_another_one(cloud: RunningCloud, ada: User) -> None:
    """It would be valid for longer, and after its share link is revoked."""
    key = ada.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(64), "exchanged")
    link = cloud.request("POST", f"/ada/plots/{plot.id}/shares", key, json={}).json()
    [token] = set(re.findall(r"bkv_[\w.-]+", visit(cloud.url + link["embed"]).text))
    [source] = cloud.request("GET", f"/ada/plots/{plot.id}/data", key).json()["sources"]
    for page in ("embed", "download.html", f"data/{source['id']}/csv"):
        answer = cloud.request("GET", f"/plots/{plot.id}/{page}", token)
        assert answer.status_code == 404, page
        assert "bkv_" not in answer.text


def test_a_share_link_grants_access_to_its_plot_until_it_is_revoked(cloud: RunningCloud, ada: User) -> None:
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
    for path_of_others in (f"/ada/plots/{other.id}", "/ada/plots", "/ada/data", "/ada/keys", path, "/whoami"):
        assert cloud.request("GET", path_of_others, token).status_code in {403, 404}, path_of_others
    assert cloud.request("PATCH", f"/ada/plots/{plot.id}", token, json={"title": "x"}).status_code == 404
    listed = cloud.request("GET", path, key)
    assert [share["id"] for share in listed.json()["shares"]] == [made["id"]]
    assert token not in listed.text
    assert cloud.request("DELETE", f"/ada/plots/{other.id}/shares/{made['id']}", key).status_code == 404
    assert cloud.request("DELETE", f"{path}/{made['id']}", key).status_code == 204
    assert visit(cloud.url + made["show"]).status_code == 401
    assert cloud.request("GET", path, key).json() == {"shares": []}


@pytest.mark.parametrize(
    "body",
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
def test_an_invalid_share_link_is_rejected(cloud: RunningCloud, ada: User, body: Any) -> None:
    key = ada.make_key(*PUBLISHING)
    plot = bokeh_cloud.Server(cloud.url, apikey=key).publish(line(9), "invalid share links")
    assert cloud.request("POST", f"/ada/plots/{plot.id}/shares", key, json=body).status_code == 422


def test_a_copy_keeps_the_types_of_times(cloud: RunningCloud, ada: User, bob: User) -> None:
    keys = ada.make_key(*PUBLISHING), bob.make_key(*PUBLISHING)
    servers = [bokeh_cloud.Server(cloud.url, apikey=key) for key in keys]
    days = np.datetime64("2026-01-01", "us") + np.arange(3) * np.timedelta64(1, "D")
    fig = figure()
    fig.scatter(days, np.arange(3.0))
    plot = servers[0].publish(fig, "times to be copied")
    plot.visibility = "public"
    body = {"plot": plot.id, "name": "copied times"}
    assert cloud.request("POST", "/bob/clone", keys[1], json=body).status_code == 201
    copied = servers[1].plot("copied times").source()
    assert copied.columns()["x"].dtype == "datetime64[us]"
    assert copied.to_pandas()["x"].tolist() == [pd.Timestamp(day) for day in days]
