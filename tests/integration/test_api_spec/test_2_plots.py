"""Plots: list, models, changes, data, versions and share links."""

from functools import partial
from typing import Any

from tests.integration.test_api_spec.caller import Caller, problem
from tests.support.paging import follow_pages


def test_get_plots_lists_them_in_pages(ada: Caller) -> None:
    made = [ada.plot(f"page {i}", float(i)) for i in range(3)]
    pages = [page.json()["plots"] for page in follow_pages(partial(ada, "GET"), "/{user}/plots?limit=2")]
    assert max(map(len, pages)) <= 2
    found = [plot for page in pages for plot in page]
    names = [plot["name"] for plot in found]
    assert names == sorted(set(names))
    members = {"id", "name", "title", "version", "visibility", "created", "modified", "show", "embed"}
    assert all(members <= plot.keys() for plot in found)
    assert {plot["id"] for plot in made} <= {plot["id"] for plot in found}


def test_get_plot_returns_its_models(ada: Caller) -> None:
    plot = ada.plot("graph", 1.0, 2.0)
    response = ada.ok("GET", f"/{{user}}/plots/{plot['id']}")
    assert response["roots"] == [f"{plot['id']}.p1"]
    assert list(response["objects"]) == [f"{plot['id']}.p1", f"{plot['id']}.p2"]
    assert response["objects"][f"{plot['id']}.p1"]["attributes"]["tags"] == [{"id": "p2"}, "y"]


def test_get_plot_returns_the_models_of_a_version(ada: Caller) -> None:
    plot = ada.plot("of a version", 1.0)
    ada.plot("of a version", 2.0)
    old, new = (ada("GET", f"/{{user}}/plots/{plot['id']}{q}").json() for q in ("?version=1", ""))
    assert (old["version"], new["version"]) == (1, 2)
    assert old["objects"] != new["objects"]
    problem(ada("GET", f"/{{user}}/plots/{plot['id']}?version=3"), 404, "not-found")
    for invalid in ("0", "-1", "x", "", "1" * 40):
        response = ada("GET", f"/{{user}}/plots/{plot['id']}?version={invalid}")
        assert response.status_code in {404, 422}, invalid


def test_patch_plot_sets_title_and_visibility(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("patched", 1.0)
    path = f"/{{user}}/plots/{plot['id']}"
    problem(visitor("GET", path.replace("{user}", ada.user)), 404, "not-found")
    changed = ada.ok("PATCH", path, json={"title": "New", "visibility": "public"})
    assert (changed["title"], changed["visibility"], changed["version"]) == ("New", "public", 1)
    assert visitor("GET", path.replace("{user}", ada.user)).status_code == 200
    invalid: list[Any] = [{}, {"title": ""}, {"visibility": "all"}, {"id": "x"}, [], "x", {"title": 5}]
    for body in invalid:
        problem(ada("PATCH", path, json=body), 422, "invalid")


def test_patch_plot_sets_the_name(ada: Caller, visitor: Caller) -> None:
    plot, other = ada.plot("named", 1.0), ada.plot("other name", 1.0)
    path = f"/{{user}}/plots/{plot['id']}"
    changed = ada.ok("PATCH", path, json={"name": " renamed ", "visibility": "public"})
    assert (changed["name"], changed["former_names"]) == ("renamed", ["named"])
    assert ada.plot("named", 2.0)["id"] == plot["id"]
    problem(ada("PATCH", path, json={"name": other["name"]}), 409, "name-taken")
    for name in ("", "a/b", "a@1"):
        problem(ada("PATCH", path, json={"name": name}), 422, "invalid-name")
    assert "former_names" not in visitor("GET", path.replace("{user}", ada.user)).json()


def test_delete_plot_removes_it(ada: Caller) -> None:
    plot = ada.plot("deleted", 1.0)
    path = f"/{{user}}/plots/{plot['id']}"
    assert ada("DELETE", path).status_code == 204
    problem(ada("GET", path), 404, "not-found")
    problem(ada("DELETE", path), 404, "not-found")


def test_if_match_protects_from_lost_updates(ada: Caller) -> None:
    old = ada.publish("if match", 1.0).headers["ETag"]
    new = ada.publish("if match", 2.0, headers={"If-Match": old})
    path, stale = f"/{{user}}/plots/{new.json()['id']}", {"If-Match": old}
    problem(ada.publish("if match", 3.0, headers=stale), 412, "precondition-failed")
    problem(ada("PATCH", path, headers=stale, json={"title": "x"}), 412, "precondition-failed")
    problem(ada("POST", f"{path}/rollback", headers=stale, json={"version": 1}), 412, "precondition-failed")
    problem(ada("DELETE", path, headers=stale), 412, "precondition-failed")
    fresh = {"If-Match": ada("GET", path).headers["ETag"]}
    assert ada("PATCH", path, headers=fresh, json={"title": "x"}).status_code == 200


def test_get_plot_data_lists_the_ids_of_its_data_sources(ada: Caller) -> None:
    plot, source = ada.plot("data", 7.0, 8.0), ada.source(7.0, 8.0)
    response = ada.ok("GET", f"/{{user}}/plots/{plot['id']}/data")
    assert response == {"sources": [{"model": "p2", "id": source["id"]}]}


def test_post_rollback_makes_an_old_version_current(ada: Caller) -> None:
    plot = ada.plot("history", 1.0)
    ada.plot("history", 2.0)
    path = f"/{{user}}/plots/{plot['id']}"
    assert [v["version"] for v in ada.ok("GET", f"{path}/versions")["versions"]] == [2, 1]
    assert ada.ok("POST", f"{path}/rollback", json={"version": 1})["version"] == 3
    scenes = [ada("GET", f"{path}/scene?version={n}").text for n in (1, 2, 3)]
    assert scenes[0] == scenes[2] != scenes[1]
    assert ada.ok("POST", f"{path}/rollback", json={"version": 1})["unchanged"] is True
    problem(ada("POST", f"{path}/rollback", json={"version": 9}), 404, "not-found")
    problem(ada("POST", f"{path}/rollback", json={"version": "1"}), 422, "invalid")


def test_patch_history_needs_a_plot_that_others_can_see(ada: Caller) -> None:
    plot = ada.plot("history for others", 1.0)
    path = f"/{{user}}/plots/{plot['id']}"
    assert plot["history"] is False
    problem(ada("PATCH", path, json={"history": True}), 422, "invalid")
    problem(ada("PATCH", path, json={"history": "yes", "visibility": "link"}), 422, "invalid")
    assert ada.ok("PATCH", path, json={"visibility": "link", "history": True})["history"] is True
    assert ada.ok("PATCH", path, json={"title": "Renamed"})["history"] is True
    assert ada.ok("PATCH", path, json={"visibility": "public"})["history"] is False


def test_delete_version_deletes_one_that_is_not_the_newest(ada: Caller) -> None:
    plot = ada.plot("pruned", 1.0)
    for value in (2.0, 3.0):
        ada.plot("pruned", value)
    path = f"/{{user}}/plots/{plot['id']}"
    stale = {"If-Match": '"stale"'}
    problem(ada("DELETE", f"{path}/versions/1", headers=stale), 412, "precondition-failed")
    assert ada("DELETE", f"{path}/versions/1").status_code == 204
    assert [v["version"] for v in ada.ok("GET", f"{path}/versions")["versions"]] == [3, 2]
    problem(ada("GET", f"{path}/scene?version=1"), 404, "not-found")
    problem(ada("DELETE", f"{path}/versions/1"), 404, "not-found")
    problem(ada("DELETE", f"{path}/versions/x"), 404, "not-found")
    problem(ada("DELETE", f"{path}/versions/3"), 409, "newest-version")


def test_scenes_have_etags_and_those_of_versions_are_immutable(ada: Caller) -> None:
    plot = ada.plot("conditional", 1.0)
    path = f"/{{user}}/plots/{plot['id']}/scene"
    first = ada("GET", path)
    again = ada("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "immutable" in ada("GET", f"{path}?version=1").headers["Cache-Control"]
    assert "immutable" not in first.headers["Cache-Control"]


def test_share_links_have_an_expiry_date_and_origins_and_can_be_revoked(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("shared", 1.0)
    path = f"/{{user}}/plots/{plot['id']}/shares"
    body = {"expires": "2099-01-01T00:00:00Z", "origins": ["https://example.org"]}
    made = ada("POST", path, json=body)
    assert made.status_code == 201
    share = made.json()
    frame = visitor("GET", share["embed"])
    assert frame.status_code == 200
    assert "https://example.org" in frame.headers["Content-Security-Policy"]
    [listed] = ada.ok("GET", path)["shares"]
    assert (listed["id"], listed["origins"]) == (share["id"], ["https://example.org"])
    assert ada("DELETE", f"{path}/{share['id']}").status_code == 204
    assert visitor("GET", share["embed"]).status_code == 401
    assert ada.ok("GET", path) == {"shares": []}
