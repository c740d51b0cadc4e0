"""Others than the owner of a plot see its newest version, and old ones if it is opened "with history"."""

import re
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud
from tests.integration.accounts.conftest import PUBLISHING, line
from tests.integration.accounts.versioned_plot import HISTORY, Reader, Versioned
from tests.support.users import TIMEOUT, RunningCloud, User


@pytest.fixture(scope="module")
def key(ada: User) -> str:
    return ada.make_key(*PUBLISHING)


@pytest.fixture(scope="module")
def bobs_key(bob: User) -> str:
    return bob.make_key(*PUBLISHING)


def test_who_sees_which_versions(cloud: RunningCloud, key: str, bobs_key: str) -> None:
    plot = Versioned.publish(cloud, key, "a matrix of access")
    owner, bob, stranger = Reader(plot, key), Reader(plot, bobs_key), Reader(plot)
    sharee, with_history = Reader(plot, share=plot.share()), Reader(plot, share=plot.share(**HISTORY))
    everything, newest, nothing = {1, 2, 3}, {3}, set[int]()
    states: list[tuple[dict[str, Any], dict[str, set[int]]]] = [
        ({"visibility": "private"}, {"bob": nothing, "stranger": nothing, "sharee": newest}),
        ({"visibility": "link"}, {"bob": newest, "stranger": newest, "sharee": newest}),
        ({"visibility": "public"}, {"bob": newest, "stranger": newest, "sharee": newest}),
        ({"history": True}, {"bob": everything, "stranger": everything, "sharee": everything}),
        ({"visibility": "link"}, {"bob": newest, "stranger": newest, "sharee": newest}),
    ]
    readers = {"bob": bob, "stranger": stranger, "sharee": sharee}
    for change, expected in states:
        plot.change(**change)
        for name, reader in (("owner", owner), ("with history", with_history), *readers.items()):
            versions = expected.get(name, everything)
            seen = reader.versions()
            assert seen == dict.fromkeys(seen, versions), (change, name)
            assert reader.sees_thumbnail() == (2 in versions), (change, name)


def test_a_hidden_version_is_like_one_that_does_not_exist(
    cloud: RunningCloud, key: str, bobs_key: str
) -> None:
    plot = Versioned.publish(cloud, key, "nothing is revealed")
    plot.change(visibility="public")
    for rest in ("", "scene", "data"):
        for credential in (bobs_key, plot.share()):
            hidden, missing = (plot.api("GET", f"{rest}?version={n}", credential) for n in (2, 9))
            assert hidden.status_code == missing.status_code == 404
            assert hidden.text.replace("version 2", "version 9") == missing.text
    for kind in ("show", "embed", "download.html"):
        hidden, missing = (Reader(plot).page(kind, n) for n in (2, 9))
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace("version 2", "version 9") == missing.text
    for version in (2, 9):
        assert plot.api("DELETE", f"versions/{version}", bobs_key).status_code == 404
        assert plot.api("GET", "versions", bobs_key).status_code == 404


def test_versions_made_while_a_plot_was_private_are_not_opened(
    cloud: RunningCloud, key: str, bobs_key: str
) -> None:
    """Neither by a view token that was made before."""
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    plot = Versioned.publish(cloud, key, "closed for a while")
    plot.change(visibility="public", history=True)
    token = Reader(plot).view_token(None)
    plot.change(visibility="private")
    server.publish(line(-1), "closed for a while")
    server.publish(line(-2), "closed for a while")
    assert plot.change(visibility="public")["history"] is False
    found = {n for n in range(1, 6) if plot.api("GET", f"scene?version={n}", token).ok}
    assert found == {3, 5}, "what the page showed, and the newest"


def test_the_view_token_of_an_old_version_ends_with_the_history(cloud: RunningCloud, key: str) -> None:
    plot = Versioned.publish(cloud, key, "history that ends")
    plot.change(visibility="link", history=True)
    share = plot.share(**HISTORY)
    tokens = [Reader(plot).view_token(1), Reader(plot, share=share).view_token(1)]
    assert [plot.api("GET", "scene?version=1", token).status_code for token in tokens] == [200, 200]
    plot.change(history=False)
    assert [plot.api("GET", "scene?version=1", token).status_code for token in tokens] == [404, 200]
    [link] = plot.api("GET", "shares").json()["shares"]
    assert link["history"] is True
    assert plot.api("DELETE", f"shares/{link['id']}").ok
    assert plot.api("GET", "scene?version=1", tokens[1]).status_code == 401


def test_others_copy_what_they_can_see(cloud: RunningCloud, key: str, bobs_key: str) -> None:
    plot = Versioned.publish(cloud, key, "to be copied by version")
    plot.change(visibility="public")

    def clone(version: int, name: str, **more: str) -> int:
        body = {"plot": plot.plot.id, "version": version, "name": name, **more}
        return cloud.request("POST", "/bob/clone", bobs_key, json=body).status_code

    assert [clone(3, "3"), clone(1, "1"), clone(1, "by link", share=plot.share())] == [201, 404, 404]
    assert clone(1, "with history", share=plot.share(**HISTORY)) == 201
    plot.change(history=True)
    assert clone(1, "1") == 201


def test_what_live_data_were_is_history(cloud: RunningCloud, key: str, bobs_key: str) -> None:
    """A version with live sources shows others the current data, also if it is asked for by its number."""
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    source = server.DataSource("live history", x=[1.0, 2.0], y=[3.0, 4.0])
    drawn = figure()
    drawn.line("x", "y", source=source)
    plot = Versioned(cloud, key, server.publish(drawn, "live history"))
    old = cloud.request("GET", f"/ada/data/{source.source_id}", key).json()["columns"]["y"]["hash"]
    source.update(y=[0.0, 0.0])
    source.commit()
    plot.change(visibility="public")

    def opens_old(reader: Reader, credential: str | None) -> set[bool]:
        scene = plot.api("GET", "scene?version=1", credential)
        assert scene.ok
        column = cloud.request("GET", f"/ada/data/columns/{old}", reader.view_token(1))
        return {old in scene.text, column.ok}

    assert opens_old(Reader(plot, key), key) == {True}
    assert opens_old(Reader(plot, bobs_key), bobs_key) == {False}
    shares = plot.share(), plot.share(**HISTORY)
    assert [opens_old(Reader(plot, share=share), share) for share in shares] == [{False}, {True}]
    rows = Reader(plot).page(f"data/{source.source_id}/csv", 1)
    assert rows.text.split() == ["x,y", "1,0", "2,0"]
    body = {"plot": plot.plot.id, "version": 1, "name": "live copy"}
    assert cloud.request("POST", "/bob/clone", bobs_key, json=body).ok
    copy = bokeh_cloud.Server(cloud.url, apikey=bobs_key).plot("live copy")
    assert np.array_equal(copy.source().to_pandas()["y"], [0.0, 0.0])
    plot.change(history=True)
    assert opens_old(Reader(plot, bobs_key), bobs_key) == {True}


def test_copies_of_ones_own_plot_use_its_live_sources(cloud: RunningCloud, key: str) -> None:
    """A copy of the newest version as it is, that of a particular version as it was."""
    server = bokeh_cloud.Server(cloud.url, apikey=key)
    source = server.DataSource("copied with its source", x=[1.0, 2.0], y=[3.0, 4.0])
    drawn = figure()
    drawn.line("x", "y", source=source)
    plot = server.publish(drawn, "with a live source")

    def column() -> str:
        return str(cloud.request("GET", f"/ada/data/{source.source_id}", key).json()["columns"]["y"]["hash"])

    old = column()
    source.update(y=[0.0, 0.0])
    source.commit()
    new = column()
    for version in (None, 1):
        body = {"plot": plot.id, "version": version, "name": f"copy of {version}"}
        assert cloud.request("POST", "/ada/clone", key, json=body).ok
        copy = server.plot(f"copy of {version}")
        scene = cloud.request("GET", f"/ada/plots/{copy.id}/scene?version=1", key).text
        assert [column in scene for column in (old, new)] == (
            [False, True] if version is None else [True, False]
        )


def test_the_owner_deletes_a_version(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = Versioned.publish(cloud, key, "with one too many")
    plot.change(visibility="public", history=True)
    token, before = Reader(plot).view_token(2), plot.api("GET").headers["ETag"]
    stale = plot.api("DELETE", "versions/2", headers={"If-Match": '"other"'})
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/precondition-failed")
    assert plot.api("DELETE", "versions/2", headers={"If-Match": before}).status_code == 204
    assert plot.api("GET").headers["ETag"] != before
    assert [item["version"] for item in plot.api("GET", "versions").json()["versions"]] == [3, 1]
    owner, stranger = Reader(plot, key), Reader(plot)
    for reader in (owner, stranger):
        assert set(map(frozenset, reader.versions().values())) == {frozenset({1, 3})}
        assert not reader.sees_thumbnail(), "it showed the deleted version"
    assert plot.api("GET", "scene", token).status_code == 404
    assert plot.api("DELETE", "versions/2").status_code == 404
    for wrong in ("x", "0", "-1", "1.5", "9" * 5000):
        assert plot.api("DELETE", f"versions/{wrong}").status_code in {404, 414}, wrong
    refused = plot.api("DELETE", "versions/3")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/newest-version")
    assert "roll back" in refused.json()["detail"]
    assert plot.api("POST", "rollback", json={"version": 1}).ok
    assert plot.api("DELETE", "versions/3").status_code == 204
    archive = cloud.request("GET", "/ada/account/export", ada.browser.cookies["bokeh_cloud"]).content
    numbers = set(re.findall(rb"plots/%s/versions/(\d)/scene" % plot.plot.id.encode(), archive))
    assert numbers == {b"1", b"4"}


def test_only_keys_of_the_owner_that_may_write_delete_versions(
    cloud: RunningCloud, ada: User, key: str, bobs_key: str
) -> None:
    plot = Versioned.publish(cloud, key, "not theirs to delete")
    plot.change(visibility="public", history=True)
    reading = ada.make_key("plots:read", "data:read")
    credentials = {reading: 403, bobs_key: 404, plot.share(**HISTORY): 404, Reader(plot).view_token(1): 404}
    for credential, status in credentials.items():
        assert plot.api("DELETE", "versions/1", credential).status_code == status
    address = f"{cloud.url}/ada/plots/{plot.plot.id}/versions/1"
    assert requests.delete(address, timeout=TIMEOUT).status_code == 401
    assert len(plot.api("GET", "versions").json()["versions"]) == 3


def test_events_tell_of_newer_versions_only(cloud: RunningCloud, key: str) -> None:
    plot = Versioned.publish(cloud, key, "watched")
    plot.change(visibility="public")
    token = Reader(plot).view_token(None)

    def event(since: str) -> str:
        return cloud.request("GET", f"/plots/{plot.plot.id}/events?wait=0&since={since}", token).text

    [state] = re.findall(r"id: (\S+)", event("0-0"))
    assert plot.api("DELETE", "versions/1").ok
    assert "event:" not in event(state), "nothing changes for those who watch"
    bokeh_cloud.Server(cloud.url, apikey=key).publish(line(9), "watched")
    assert "event: version" in event(state)
