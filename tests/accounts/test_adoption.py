"""An account takes over the plots that were made without accounts."""

from pathlib import Path
from typing import Any

import requests
from click.testing import CliRunner
from falcon import testing

from bokeh_auth.container import AccountDomain
from bokeh_auth.introspection import LOCAL
from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded
from bokeh_cloud_server.admin import admin
from bokeh_cloud_server.adopt import first_account_may_adopt
from bokeh_cloud_server.path_router import PathRouter
from bokeh_common.storage import open_records
from tests.support.account_cloud import AccountCloud
from tests.support.documents import text_document
from tests.support.embedded_server import one_process


class KeylessCloud(AccountCloud):
    """The cloud without accounts on a storage."""

    def __init__(self, storage: str) -> None:
        self.storage = storage
        services = embedded.create_services(storage, Settings(storage))
        self.client = testing.TestClient(PathRouter(embedded.ROUTES, services))

    def request(self, method: str, path: str, key: str | None, **options: Any) -> Any:
        """Send a request without a credential."""
        return super().request(method, path, None, **options)


def run(storage: str, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(admin, ["--storage", storage, *words])
    assert result.exit_code == code, result.output
    return result.output


def read(cloud: AccountCloud, path: str, key: str | None) -> Any:
    response = cloud.request("GET", path, key)
    assert response.status_code == 200, response.text
    return response.json


def test_plots_and_live_sources_keep_ids_versions_and_values(storage: str, tmp_path: Path) -> None:
    before = KeylessCloud(storage)
    plot = before.publish(LOCAL, "", "one", "first")
    before.publish(LOCAL, "", "one", "second")
    live = before.upload(LOCAL, "", b"rows", live=True)
    before.append(LOCAL, "", live, [1, 2])
    before.request("PATCH", f"/{LOCAL}/plots/{plot}", "", json={"visibility": "link"})
    cloud = AccountCloud(storage, tmp_path / "outbox")
    taken = cloud.publish("ada", cloud.make_key("ada"), "two")
    other = before.publish(LOCAL, "", "two")

    assert "Not adopted" in run(storage, "adopt", "ada", "--yes", code=1)
    key = cloud.make_key("ada")
    found = read(cloud, f"/ada/plots/{plot}", key)
    assert (found["version"], found["visibility"], found["user_id"]) == (2, "link", "ada")
    assert [item["version"] for item in read(cloud, f"/ada/plots/{plot}/versions", key)["versions"]] == [2, 1]
    assert read(cloud, f"/ada/plots/{plot}/scene?version=1", key)
    assert read(cloud, f"/ada/data/{live}.json?full", key)["columns"]["x"] == [*b"rows", 1, 2]
    assert read(cloud, f"/ada/data/{live}.json?full&version=1", key)["columns"]["x"] == [*b"rows"]
    assert cloud.request("GET", f"/plots/{plot}/show", None).status_code == 200
    assert before.request("GET", f"/{LOCAL}/plots/{other}", "").status_code == 200

    cloud.request("DELETE", f"/ada/plots/{taken}", key)
    run(storage, "adopt", "ada", "--yes")
    assert read(cloud, f"/ada/plots/{other}", key)["name"] == "two"
    assert "no plots that were made without accounts" in run(storage, "adopt", "ada")
    assert not open_records(storage, "plots").keys(f"plots/{LOCAL}/")
    assert not open_records(storage, "data").keys(f"sources/{LOCAL}/")
    assert "nothing is wrong" in run(storage, "fsck")


def test_a_renamed_plot_is_found_by_its_names_and_can_be_changed(storage: str, tmp_path: Path) -> None:
    before = KeylessCloud(storage)
    plot = before.publish(LOCAL, "", "one")
    before.request("PATCH", f"/{LOCAL}/plots/{plot}", "", json={"name": "two"})
    cloud = AccountCloud(storage, tmp_path / "outbox")
    key = cloud.make_key("ada")
    run(storage, "adopt", "ada", "--yes")
    assert cloud.publish("ada", key, "one", "second") == plot
    assert cloud.publish("ada", key, "two", "third") == plot
    changed = cloud.request("PATCH", f"/ada/plots/{plot}", key, json={"name": "three", "visibility": "link"})
    assert changed.status_code == 200, changed.text
    assert changed.json["version"] == 3
    assert "nothing is wrong" in run(storage, "fsck")
    assert cloud.request("DELETE", f"/ada/plots/{plot}", key).status_code == 204
    assert not open_records(storage, "plots").keys("ids/")


def test_former_names_of_another_plot_are_left(storage: str, tmp_path: Path) -> None:
    before = KeylessCloud(storage)
    before.publish(LOCAL, "", "one")
    cloud = AccountCloud(storage, tmp_path / "outbox")
    key = cloud.make_key("ada")
    other = cloud.publish("ada", key, "one")
    cloud.request("PATCH", f"/ada/plots/{other}", key, json={"name": "another"})
    assert "plots of these names: one." in run(storage, "adopt", "ada", "--yes", code=1)
    assert "nothing is wrong" in run(storage, "fsck")


def test_nothing_is_adopted_while_a_server_without_accounts_runs(storage: str, tmp_path: Path) -> None:
    cloud = AccountCloud(storage, tmp_path / "outbox")
    key = cloud.make_key("ada")
    with one_process(storage) as url:
        body = {"name": "one", "document": text_document("hello")}
        plot = requests.post(f"{url}/{LOCAL}/store", json=body, timeout=30).json()["id"]
        assert "Stop it first" in run(storage, "adopt", "ada", "--yes", code=1)
        assert requests.get(f"{url}/{LOCAL}/plots/{plot}", timeout=30).ok
    assert "1 more plots" in run(storage, "adopt", "ada", "--yes")
    assert read(cloud, f"/ada/plots/{plot}", key)["name"] == "one"


def test_an_unknown_account_adopts_nothing(storage: str) -> None:
    KeylessCloud(storage).publish(LOCAL, "", "one")
    assert "no account" in run(storage, "adopt", "unknown", "--yes", code=1)


def test_only_the_first_account_is_shown_how_to_adopt(storage: str, tmp_path: Path) -> None:
    KeylessCloud(storage).publish(LOCAL, "", "one")
    assert not first_account_may_adopt(storage)
    AccountCloud(storage, tmp_path / "outbox")
    assert not first_account_may_adopt(storage), "there are two"


def test_the_page_of_the_first_account_says_how_to_adopt(storage: str, tmp_path: Path) -> None:
    KeylessCloud(storage).publish(LOCAL, "", "one")
    domain = AccountDomain.on_storage(open_records(storage, "auth"))
    ada = domain.accounts.create("ada@example.com", "ada")
    session = domain.sessions.start(ada, "Firefox")
    auth = Settings(storage, accounts=True, cache_seconds=0, outbox=tmp_path / "outbox")
    client = testing.TestClient(embedded.create_app(storage, auth))
    name = "bokeh_cloud"
    page = client.simulate_get("/", cookies={name: session}, host="localhost").text
    assert "bokeh-cloud admin adopt ada" in page
    run(storage, "adopt", "ada", "--yes")
    assert "admin adopt" not in client.simulate_get("/", cookies={name: session}, host="localhost").text
