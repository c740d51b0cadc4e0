"""The quota in bytes counts what the plots service stores, together with data."""

import io
from typing import Any

import pytest
from blake3 import blake3
from PIL import Image

from bokeh_common.storage import open_blobs
from bokeh_data.accounts import plots_usage
from tests.support.account_cloud import AccountCloud
from tests.support.documents import text_document

LIMIT = 100_000


@pytest.fixture
def cloud(storage: str, tmp_path: Any) -> AccountCloud:
    return AccountCloud(storage, tmp_path / "outbox", quota_bytes=LIMIT)


def used_bytes(cloud: AccountCloud, key: str) -> int:
    """Return what the account has stored."""
    return int(cloud.request("GET", "/ada/account", key).json["used"]["bytes"])


def publish(cloud: AccountCloud, key: str, name: str, text: str, extensions: list[str]) -> Any:
    body = {"name": name, "document": text_document(text), "extensions": extensions}
    return cloud.request("POST", "/ada/store", key, json=body)


def upload(cloud: AccountCloud, key: str, data: bytes) -> Any:
    return cloud.request("PUT", f"/ada/data/chunks/{blake3(data).hexdigest()}", key, body=data)


@pytest.mark.parametrize("what", ["scenes", "extensions"])
def test_versions_and_plots_fill_the_quota(cloud: AccountCloud, what: str) -> None:
    key = cloud.make_key("ada")
    answers = []
    for number in range(20):
        text = f"{number:04}" + "x" * 10_000
        scene, scripts = (text, []) if what == "scenes" else (str(number), [f"/* {text} */"])
        answers.append(publish(cloud, key, f"plot {number % 2}", scene, scripts))
    stored = [answer.status_code in {200, 201} for answer in answers]
    assert stored == [True] * 9 + [False] * 11
    assert (answers[-1].status_code, answers[-1].json["type"]) == (403, "/problems/quota-exceeded")
    assert 90_000 < used_bytes(cloud, key) <= LIMIT
    # The same version again stores nothing, and data count together with plots.
    assert publish(cloud, key, "plot 0", "0008" + "x" * 10_000, []).status_code == (
        200 if what == "scenes" else 403
    )
    assert upload(cloud, key, b"d" * 10_000).status_code == 403


def test_what_does_not_fit_is_refused_before_it_is_sent(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    ask = {"chunks": ["a" * 64, "b" * 64, "b" * 64], "sizes": [60_000, 30_000, 30_000]}
    path = "/ada/data/chunks/missing"
    assert cloud.request("POST", path, key, json=ask).json == {"missing": ask["chunks"]}
    refused = cloud.request("POST", path, key, json={**ask, "sizes": [60_000, 40_000, 40_000]})
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/quota-exceeded")
    assert "about a day later" in refused.json["detail"]
    assert cloud.request("POST", path, key, json={**ask, "sizes": [1]}).status_code == 422
    assert upload(cloud, key, b"d" * 90_000).status_code == 201


def test_data_leave_less_space_for_plots(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    assert upload(cloud, key, b"d" * 95_000).status_code == 201
    assert publish(cloud, key, "plot", "x" * 5_000, []).status_code == 403
    assert cloud.request("GET", "/ada/plots", key).json == {"plots": []}
    cloud.domain.accounts.change("ada", max_bytes=2 * LIMIT)
    assert publish(cloud, key, "plot", "x" * 5_000, []).status_code == 201


def test_thumbnails_count(cloud: AccountCloud) -> None:
    key = cloud.make_key("ada")
    plot = cloud.publish("ada", key, "plot")
    before = used_bytes(cloud, key)
    picture = io.BytesIO()
    Image.effect_noise((480, 300), 100).save(picture, "PNG")
    path = f"/ada/plots/{plot}/thumbnail"
    cloud.domain.accounts.change("ada", max_bytes=before + 1000)
    assert cloud.request("PUT", path, key, body=picture.getvalue()).status_code == 403
    assert used_bytes(cloud, key) == before
    cloud.domain.accounts.change("ada", max_bytes=before + 1_000_000)
    assert cloud.request("PUT", path, key, body=picture.getvalue()).status_code == 204
    assert used_bytes(cloud, key) > before + 20_000


def test_deleted_plots_make_space_for_plots(cloud: AccountCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    key = cloud.make_key("ada")
    plot = cloud.publish("ada", key, "large", "x" * 80_000)
    assert publish(cloud, key, "other", "y" * 30_000, []).status_code == 403
    assert cloud.request("DELETE", f"/ada/plots/{plot}", key).status_code == 204
    blobs = open_blobs(cloud.storage, "plots")
    for blob in (*blobs.list("scenes/ada/"), *blobs.list("manifests/ada/")):
        blobs.delete(blob.key)  # as the garbage collector does
    monkeypatch.setattr(plots_usage, "MAX_REJECTING_COUNT_SECONDS", -1)
    assert publish(cloud, key, "other", "y" * 30_000, []).status_code == 201
