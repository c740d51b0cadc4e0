"""Storages written by earlier versions can be served, extended, collected and checked, on each backend.

They are in `tests/fixtures/storage`, with a folder for each version of the formats; `make_storage.py` writes
one.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from bokeh_common.storage.testing.servers.azure import connection_string
from bokeh_common.storage.testing.servers.processes import azurite_server, redis_server
from tests.fixtures import dumps, stored
from tests.support.embedded_server import one_process
from tests.support.waiting import wait_until

TIMEOUT = 30
VERSIONS = sorted(Path(stored.__file__).with_name("storage").iterdir())
BACKENDS = ("local", "redis", "azure")

#: The names of data sources to which nothing refers; the last one belonged to a version that was deleted.
ORPHANS = {"gone", "of no plot", "opened/of version 2"}


@dataclass
class OldStorage:
    """A storage written by an earlier version.

    Attributes:
        storage: the URL of the storage.
        folder: a folder for the files of the test.
        expected: the contents of the storage, from `expected.json`.
    """

    storage: str
    folder: Path
    expected: Any

    @property
    def secrets(self) -> Any:
        """The keys, sessions and links of its accounts."""
        return self.expected["secrets"]


# Not a parameter `backend`: the other tests of this folder share one storage for each `backend`.
@pytest.fixture(
    params=[(v, b) for v in VERSIONS for b in BACKENDS], ids=lambda pair: f"{pair[0].name}-{pair[1]}"
)
def before(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OldStorage]:
    """An old storage of each version on each backend."""
    version, backend = request.param
    expected = json.loads((version / "expected.json").read_text())
    folder = tmp_path / "storage"
    if backend == "local":
        dumps.load_local(version / "local.tar.xz", folder)
        yield OldStorage(f"local://{folder}", tmp_path, expected)
    elif backend == "redis":
        redis = redis_server(folder)
        dumps.load_redis(version / "redis.json.xz", redis.port)
        yield OldStorage(f"redis://127.0.0.1:{redis.port}/0", tmp_path, expected)
        redis.stop()
    else:
        azurite = azurite_server(folder)
        connection = connection_string(azurite.port)
        dumps.load_azure(version / "azure.json.xz", connection)
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
        yield OldStorage(f"azure://{dumps.CONTAINER}", tmp_path, expected)
        azurite.stop()


def test_a_storage_of_an_earlier_version_can_be_served(before: OldStorage) -> None:
    names = stored.stored_names(before.storage)
    assert names == set(before.expected["stored"])
    outbox = before.folder / "outbox"
    with one_process(
        before.storage, "--accounts", BOKEH_CLOUD_GC_EVERY_HOURS="0", BOKEH_CLOUD_OUTBOX=str(outbox)
    ) as url:
        shown = stored.read_accounts(url, before.secrets["keys"])
        assert shown == with_new_members(before.expected["shown"])
        check_pages(url, before)
        check_credentials(url, before.secrets)
        check_mail(outbox)
        check_windows(url, before)
        check_appending(url, before.secrets)
        check_batches(url, before.secrets)
    now = stored.stored_names(before.storage)
    with stored.start_and_collect(before.storage, outbox) as url:
        after = stored.read_accounts(url, before.secrets["keys"])
    left = stored.stored_names(before.storage)
    assert names - left == set(before.expected["collected"])
    assert left - names <= now, "the collector stores nothing"
    assert_kept(before.expected["shown"], after)
    assert "nothing is wrong" in fsck(before.storage)


def with_new_members(shown: Any) -> Any:
    """Return what an earlier version showed, with the members that the API has gained, at their defaults."""
    for account in shown.values():
        for plot in account["plots"].values():
            for item in (plot["summary"], *plot["shares"]["shares"]):
                item.setdefault("history", False)
            plot["summary"].setdefault("description", "")
            plot["summary"].setdefault("tags", [])
    return shown


def check_pages(url: str, before: OldStorage) -> None:
    """Plot pages are shown to the owner, and to others if the plot is public or by a share link.

    Others see old versions, one of which the thumbnail shows, if the plot is open with its history.
    """
    session = {"bokeh_cloud": before.secrets["sessions"]["ada"]}
    assert "3 views<" in get(f"{url}/u/ada").text
    for plot, details in before.expected["shown"]["ada"]["plots"].items():
        path, public = f"{url}/plots/{plot}/show", details["summary"]["visibility"] == "public"
        assert details["summary"]["title"] in get(path, cookies=session).text
        assert get(path).ok is public
        history, thumbnail = details["summary"]["history"], f"{url}/plots/{plot}/thumbnail.png"
        assert get(thumbnail, cookies=session).content.startswith(b"\x89PNG") is public
        assert get(thumbnail).ok is history
        old = [number for number in details["scenes"] if int(number) < details["summary"]["version"]]
        assert {get(f"{path}?version={number}").ok for number in old} <= {history}
        assert {get(f"{path}?version={number}", cookies=session).ok for number in old} <= {True}
    shared = before.secrets["share"]
    assert get(url + shared).ok
    frame = get(url + shared.replace("/show", "/embed")).text
    [token] = set(re.findall(r"bkv_[\w.-]+", frame))
    assert get(f"{url}/ada/plots/{shared.split('/')[2]}/scene", token).ok


def check_credentials(url: str, secrets: Any) -> None:
    """Keys have their scopes; those that are revoked, expired or of deleted accounts are rejected."""
    for name in ("expired", "revoked", "carol", "dave"):
        assert get(f"{url}/ada/data", secrets["keys"][name]).status_code == 401, name
    assert get(f"{url}/ada/data", secrets["keys"]["reader"]).status_code == 200
    assert get(f"{url}/ada/plots", secrets["keys"]["reader"]).status_code == 403
    headers = {"Origin": url, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    link = url + secrets["links"]["erin"]
    first, second = (
        requests.post(link, headers=headers, timeout=TIMEOUT, allow_redirects=False) for _ in range(2)
    )
    assert first.status_code == 303
    assert first.cookies["bokeh_cloud"]
    assert not second.cookies


def check_mail(outbox: Path) -> None:
    """The message in the outbox is sent."""

    def mails() -> list[str]:
        return [text for mail in outbox.glob("*.eml") if "frank@example.com" in (text := mail.read_text())]

    wait_until(lambda: bool(mails()))
    assert "/login/bko_" in mails()[0]


def check_windows(url: str, before: OldStorage) -> None:
    """A window has the minimum and the maximum of each of its pixel bins."""
    key, sources = before.secrets["keys"]["ada"], before.expected["shown"]["ada"]["sources"].values()
    [source] = [details["summary"] for details in sources if details["summary"]["name"] == "long"]
    whole = {
        name: np.frombuffer(get(f"{url}/ada/data/columns/{column['hash']}", key).content, "<f8")
        for name, column in source["columns"].items()
    }
    for pixels, begin, end in ((4, 0.0, len(whole["x"]) - 1.0), (50, 0.0, 10_000.0), (3, 100.5, 9000.25)):
        query = {"x": "x", "y": "y", "pixels": pixels, "from": begin, "to": end}
        response = get(f"{url}/ada/data/{source['id']}.json", key, params=query)
        window = {name: np.array(values) for name, values in response.json()["columns"].items()}
        assert len(window["x"]) < len(whole["x"]) / 10
        assert bin_ranges(window, begin, end, pixels) == bin_ranges(whole, begin, end, pixels)


def bin_ranges(columns: Any, begin: float, end: float, count: int) -> dict[int, tuple[float, float]]:
    """Return the minimum and the maximum of each pixel bin."""
    x, y = columns["x"], columns["y"]
    inside = (x >= begin) & (x <= end)
    edges = np.linspace(begin, end, count + 1)[:-1]
    pixels = np.searchsorted(edges, x[inside], "right") - 1
    values = y[inside]
    return {int(p): (values[pixels == p].min(), values[pixels == p].max()) for p in np.unique(pixels)}


def check_appending(url: str, secrets: Any) -> None:
    """Rows can be appended to a live source; an old request with an idempotency key is not executed again."""
    old_request, key = secrets["idempotent"], secrets["keys"]["ada"]
    path = f"{url}/ada/{old_request['path']}"
    bearer = {"Authorization": f"Bearer {key}"}
    again = requests.post(
        path, json=old_request["json"], headers={**bearer, **old_request["headers"]}, timeout=TIMEOUT
    )
    new = requests.post(path, json={"rows": {"t": [1000.0], "y": [9.0]}}, headers=bearer, timeout=TIMEOUT)
    assert again.ok, again.text
    assert new.ok, new.text
    assert new.json()["version"] == again.json()["version"] + 1
    rows = get(path.replace("/rows", ".json"), key).json()["columns"]
    assert rows["t"][-2:] == [131.0, 1000.0]
    assert rows["y"][:2] == [-1.0, -2.0]
    assert len(rows["t"]) == 66  # its rollover is 64 rows


def check_batches(url: str, secrets: Any) -> None:
    """A batch that a writer has sent is not appended again, although another one followed it."""
    if batch := secrets.get("numbered"):
        path, key = f"{url}/ada/{batch['path']}", secrets["keys"]["ada"]
        headers = {"Authorization": f"Bearer {key}", **batch["headers"]}
        again = requests.post(path, json=batch["json"], headers=headers, timeout=TIMEOUT)
        assert again.ok, again.text
        assert get(path.replace("/rows", ".json"), key).json()["columns"]["v"] == [0.0, 1.0, 2.0]


def get(url: str, key: str | None = None, **options: Any) -> requests.Response:
    """Send a GET request with a key, or as a browser."""
    headers = {"Authorization": f"Bearer {key}"} if key else {"Accept": "text/html,*/*"}
    return requests.get(url, headers=headers, timeout=TIMEOUT, **options)


def fsck(storage: str) -> str:
    """Return the output of `bokeh-cloud admin fsck`."""
    program = str(Path(sys.executable).with_name("bokeh-cloud"))
    command = [program, "admin", "--storage", storage, "fsck"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def assert_kept(expected: Any, found: Any) -> None:
    """Check that the collection deleted nothing but orphans."""
    for user, account in expected.items():
        for plot, details in account["plots"].items():
            assert found[user]["plots"][plot]["versions"] == details["versions"]
            assert found[user]["plots"][plot]["scenes"].keys() == details["scenes"].keys()
        for source, details in account["sources"].items():
            if details["summary"]["name"] in ORPHANS:
                assert source not in found[user]["sources"]
                continue
            for number, version in details["versions"].items():
                assert found[user]["sources"][source]["versions"][number] == version
        for column in set(account["columns"]) & set(found[user]["columns"]):
            assert found[user]["columns"][column] == account["columns"][column]
    assert found["bob"]["columns"] == expected["bob"]["columns"]
