"""Others than the owner of a plot see its newest version, and old ones if it is opened "with history"."""

import io
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.plotting import figure
from PIL import Image

import bokeh_cloud
from tests.integration.accounts.conftest import PUBLISHING, line
from tests.support.users import TIMEOUT, RunningCloud, User

HISTORY = {"history": True}


@dataclass
class Versioned:
    """A private plot of ada with three versions; the thumbnail shows the second one.

    Attributes:
        cloud: the cloud.
        key: ada's API key.
        plot: the plot.
        columns: the hash of the column `y` of each version.
    """

    cloud: RunningCloud
    key: str
    plot: bokeh_cloud.Plot
    columns: list[str] = field(default_factory=list)

    @classmethod
    def publish(cls, cloud: RunningCloud, key: str, name: str) -> "Versioned":
        """Publish the versions."""
        server = bokeh_cloud.Server(cloud.url, apikey=key)
        for slope in (1, 2, 3):
            plot = server.publish(line(100 * slope + len(name)), name)
        found = cls(cloud, key, plot)
        for number in (1, 2, 3):
            [source] = found.api("GET", f"data?version={number}").json()["sources"]
            columns = cloud.request("GET", f"/ada/data/{source['id']}", key).json()["columns"]
            found.columns.append(columns["y"]["hash"])
        image = io.BytesIO()
        Image.new("RGB", (96, 60), "teal").save(image, "PNG")
        assert found.api("PUT", "thumbnail?version=2", data=image.getvalue()).ok
        return found

    def api(self, method: str, rest: str = "", key: str | None = None, **options: Any) -> requests.Response:
        """Send a request about the plot to the API; with ada's key, unless another credential is given."""
        path = f"/ada/plots/{self.plot.id}/{rest}".rstrip("/")
        return self.cloud.request(method, path, key or self.key, **options)

    def change(self, **changes: Any) -> Any:
        """Change the plot; return its summary."""
        response = self.api("PATCH", json=changes)
        assert response.ok, response.text
        return response.json()

    def share(self, **options: Any) -> str:
        """Create a share link; return its token."""
        response = self.api("POST", "shares", json=options)
        assert response.json()["history"] is options.get("history", False)
        return str(response.json()["show"].partition("=")[2])


@dataclass
class Reader:
    """A reader of a plot: `key` authorizes requests of a program, `share` is in the URLs of pages."""

    plot: Versioned
    key: str | None = None
    share: str | None = None

    def page(self, kind: str, number: int | None) -> requests.Response:
        """Open a page of the plot."""
        query = {"version": number, "share": self.share}
        headers = {"Accept": "text/html,*/*"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        url = f"{self.plot.cloud.url}/plots/{self.plot.plot.id}/{kind}"
        return requests.get(url, params=query, headers=headers, timeout=TIMEOUT)

    def view_token(self, number: int | None) -> str | None:
        """Return the view token of the frame; None if the frame is not shown."""
        return next(iter(re.findall(r"bkv_[\w.-]+", self.page("embed", number).text)), None)

    def versions(self) -> dict[str, set[int]]:
        """Return the versions that the reader can open, by the way in which they are asked for."""
        return {
            "pages": {n for n in (1, 2, 3) if self.page("show", n).ok},
            "frames": {n for n in (1, 2, 3) if self.page("embed", n).ok},
            "files": {n for n in (1, 2, 3) if self.page("download.html", n).ok},
            "JSON": {n for n in (1, 2, 3) if self._get("", n).ok},
            "scenes": {n for n in (1, 2, 3) if self._get("scene", n).ok},
            "sources": {n for n in (1, 2, 3) if self._get("data", n).ok},
            "columns of frames": self._columns_of_frames(),
            "versions on the page": self._versions_on_the_page(),
        }

    def sees_thumbnail(self) -> bool:
        """Whether the reader gets the thumbnail, which shows version 2, and whether pages have it."""
        got = self.page("thumbnail.png", None).ok
        assert got == ("thumbnail.png" in self.page("show", None).text)
        return got

    def _versions_on_the_page(self) -> set[int]:
        found = re.findall(r"Version (?:<span data-newest>)?(\d)<", self.page("show", None).text)
        return set(map(int, found))

    def _get(self, rest: str, number: int) -> requests.Response:
        path = f"/ada/plots/{self.plot.plot.id}/{rest}".rstrip("/")
        return self.plot.cloud.request("GET", f"{path}?version={number}", self.share or self.key)

    def _columns_of_frames(self) -> set[int]:
        """Return the versions whose columns any view token opens that the reader can get."""
        tokens = filter(None, (self.view_token(number) for number in (None, 1, 2, 3)))
        return {number for token in tokens for number in (1, 2, 3) if self._opens_column(token, number)}

    def _opens_column(self, token: str, number: int) -> bool:
        column = self.plot.columns[number - 1]
        batch = {"columns": [column]}
        answers = [
            self.plot.cloud.request("GET", f"/ada/data/columns/{column}", token),
            self.plot.cloud.request("POST", "/ada/data/columns", token, json=batch),
            self.plot.cloud.request("GET", f"/ada/plots/{self.plot.plot.id}/scene?version={number}", token),
        ]
        [result] = {answer.ok for answer in answers}
        return result


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
