"""Models with their data; publishing, deleting and copying plots."""

import base64
import gzip
import struct
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tests.integration.test_api_spec.caller import Caller, problem, publication


def column_values(item: Any) -> tuple[float, ...]:
    [[_, column]] = item["attributes"]["data"]["entries"]
    data = gzip.decompress(base64.b64decode(column["array"]["data"]))
    return struct.unpack(f"<{len(data) // 8}d", data)


def test_get_object_returns_a_model_with_its_data(ada: Caller) -> None:
    plot = ada.plot("one object", 1.0, 2.5)
    response = ada.ok("GET", f"/{{user}}/objects/{plot['id']}.p2")
    [item] = response["objects"]
    assert response["missing"] == []
    assert (item["id"], item["name"]) == ("p2", "ColumnDataSource")
    assert column_values(item) == (1.0, 2.5)
    problem(ada("GET", f"/{{user}}/objects/{plot['id']}.p9"), 404, "not-found")


def test_get_objects_keeps_the_order_and_lists_missing_models(ada: Caller) -> None:
    one, two = ada.plot("objects 1", 1.0), ada.plot("objects 2", 2.0)
    ids = [f"{two['id']}.p2", "nothing", f"{one['id']}.p2", f"{one['id']}.p7", f"{one['id']}.p1"]
    response = ada.ok("GET", f"/{{user}}/objects/{','.join(ids)}")
    assert [item["id"] for item in response["objects"]] == ["p2", "p2", "p1"]
    assert [column_values(item) for item in response["objects"][:2]] == [(2.0,), (1.0,)]
    assert response["missing"] == ["nothing", f"{one['id']}.p7"]


def test_objects_have_an_etag(ada: Caller) -> None:
    one, two = ada.plot("tagged 1", 1.0), ada.plot("tagged 2", 2.0)
    path = f"/{{user}}/objects/{one['id']}.p2,{two['id']}.p2"
    tag = {"If-None-Match": ada("GET", path).headers["ETag"]}
    again = ada("GET", path, headers=tag)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag["If-None-Match"])
    assert ada("GET", f"/{{user}}/objects/{two['id']}.p2,{one['id']}.p2", headers=tag).status_code == 200
    ada.plot("tagged 2", 3.0)
    changed = ada("GET", path, headers=tag)
    assert [column_values(item) for item in changed.json()["objects"]] == [(1.0,), (3.0,)]
    missing = f"/{{user}}/objects/{one['id']}.p9"
    problem(ada("GET", missing, headers={"If-None-Match": "*"}), 404, "not-found")


def test_the_etag_of_objects_changes_with_live_data(ada: Caller) -> None:
    source = ada.live_source(1.0)
    plot = ada.ok("POST", "/{user}/store", json=publication("tagged live", source))
    path = f"/{{user}}/objects/{plot['id']}.p2"
    tag = {"If-None-Match": ada("GET", path).headers["ETag"]}
    assert ada("GET", path, headers=tag).status_code == 304
    ada.append(source["id"], 2.0)
    [item] = ada("GET", path, headers=tag).json()["objects"]
    assert column_values(item) == (1.0, 2.0)


def test_get_objects_returns_at_most_a_thousand(ada: Caller) -> None:
    plot = ada.plot("a thousand", 3.0)
    ids = [f"{plot['id']}.p2", *(f"{plot['id']}.x{i}" for i in range(998)), f"{plot['id']}.p1"]
    response = ada.ok("GET", f"/{{user}}/objects/{','.join(ids)}")
    assert [item["id"] for item in response["objects"]] == ["p2", "p1"]
    assert response["missing"] == ids[1:-1]
    rejected = problem(ada("GET", f"/{{user}}/objects/{','.join([*ids, 'x'])}"), 413, "too-large")
    assert rejected["limit"] == 1000


def test_post_store_publishes_under_a_name(ada: Caller) -> None:
    first = ada.publish("stored", 1.0)
    assert first.status_code == 201
    plot = first.json()
    assert first.headers["Location"] == f"/{ada.user}/plots/{plot['id']}"
    assert (plot["version"], plot["visibility"], plot["unchanged"]) == (1, "private", False)
    same, changed = ada.publish("stored", 1.0), ada.publish("stored", 2.0)
    assert (same.status_code, same.json()["version"], same.json()["unchanged"]) == (200, 1, True)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.json()["id"] == plot["id"]


def test_a_retried_publish_makes_one_version(ada: Caller) -> None:
    retry = {"Idempotency-Key": "retry-1"}
    first = ada.publish("retried", 1.0, headers=retry)
    ada.publish("retried", 2.0)
    again = ada.publish("retried", 1.0, headers=retry)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["version"] == again.json()["version"] == 1
    versions = ada.ok("GET", f"/{{user}}/plots/{first.json()['id']}/versions")["versions"]
    assert len(versions) == 2
    problem(ada.publish("retried", 3.0, headers=retry), 422, "key-reused")


def test_concurrent_retries_make_one_version(ada: Caller) -> None:
    for round_ in range(3):
        ada.plot("raced", -1.0 - round_)
        retry = {"Idempotency-Key": f"race-{round_}"}
        publish = partial(ada.publish, "raced", 5.0 + round_, headers=retry)
        with ThreadPoolExecutor(8) as pool:
            responses = [future.result() for future in [pool.submit(publish) for _ in range(8)]]
        assert [response.text for response in responses if response.status_code != 200] == []
        assert {response.json()["version"] for response in responses} == {2 * round_ + 2}


def test_two_publishers_of_one_name_make_two_versions(ada: Caller) -> None:
    plot = ada.plot("two publishers", 0.0)
    with ThreadPoolExecutor(2) as pool:
        responses = list(pool.map(lambda value: ada.publish("two publishers", value), (1.0, 2.0)))
    assert sorted(response.json()["version"] for response in responses) == [2, 3]
    tag = {"If-Match": ada("GET", f"/{{user}}/plots/{plot['id']}").headers["ETag"]}
    with ThreadPoolExecutor(2) as pool:
        raced = list(pool.map(lambda value: ada.publish("two publishers", value, headers=tag), (3.0, 4.0)))
    assert sorted(response.status_code for response in raced) == [200, 412]


def test_a_reader_gets_a_complete_version_during_a_publication(ada: Caller) -> None:
    plot = ada.plot("read concurrently", 0.0)
    hashes = {ada.source(float(n))["columns"]["y"]["hash"] for n in range(20)}
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(lambda: [ada.plot("read concurrently", float(n)) for n in range(1, 20)])
        while not writing.done():
            scene = ada.ok("GET", f"/{{user}}/plots/{plot['id']}/scene")
            [entry] = scene["roots"][0]["attributes"]["tags"][0]["attributes"]["data"]["entries"]
            assert entry[1]["array"]["data"]["id"] in hashes
        writing.result()


def test_post_delete_keeps_data_of_other_plots(ada: Caller) -> None:
    one, other = ada.plot("delete 1", 41.0), ada.plot("delete 2", 41.0)
    source = ada.source(41.0)["id"]
    kept = ada.ok("POST", "/{user}/delete", json={"plot": one["id"]})
    assert kept == {"plot": one["id"], "deleted": [], "kept": [source]}
    gone = ada.ok("POST", "/{user}/delete", json={"plot": other["id"]})
    assert gone == {"plot": other["id"], "deleted": [source], "kept": []}
    problem(ada("GET", f"/{{user}}/data/{source}"), 404, "not-found")
    problem(ada("GET", f"/{{user}}/plots/{other['id']}"), 404, "not-found")


def test_post_delete_can_keep_the_data(ada: Caller) -> None:
    plot, source = ada.plot("delete 3", 43.0), ada.source(43.0)["id"]
    kept = ada.ok("POST", "/{user}/delete", json={"plot": plot["id"], "data": "keep"})
    assert kept["kept"] == [source]
    assert ada("GET", f"/{{user}}/data/{source}").status_code == 200


def test_post_delete_lists_the_plots_that_it_would_break(ada: Caller) -> None:
    one, other = ada.plot("delete 4", 44.0), ada.plot("delete 5", 44.0)
    body = {"plot": one["id"], "data": "force"}
    rejected = problem(ada("POST", "/{user}/delete", json=body), 409, "would-break")
    assert rejected["plots"] == [{"id": other["id"], "name": "delete 5"}]
    assert ada("GET", f"/{{user}}/plots/{one['id']}").status_code == 200
    forced = ada.ok("POST", "/{user}/delete", json={**body, "force": True})
    assert forced["kept"] == []


def test_post_clone_copies_a_plot_of_the_account(ada: Caller) -> None:
    plot = ada.plot("cloned", 51.0)
    made = ada("POST", "/{user}/clone", json={"plot": plot["id"], "name": "the copy"})
    assert made.status_code == 201
    copy = made.json()
    assert (copy["name"], copy["version"], copy["visibility"]) == ("the copy", 1, "private")
    scenes = [ada("GET", f"/{{user}}/plots/{p['id']}/scene").json() for p in (plot, copy)]
    assert scenes[0] == scenes[1]
    again = ada("POST", "/{user}/clone", json={"plot": plot["id"], "name": "the copy"})
    problem(again, 409, "name-taken")


def test_post_clone_copies_a_visible_plot_of_another_account(ada: Caller, bob: Caller) -> None:
    plot = ada.plot("cloned by others", 52.0, 53.0)
    path, body = f"/{{user}}/plots/{plot['id']}", {"plot": plot["id"], "name": "by link"}
    problem(bob("POST", "/{user}/clone", json=body), 404, "not-found")
    ada.ok("PATCH", path, json={"visibility": "link"})
    copy = bob.ok("POST", "/{user}/clone", json=body, headers={"Idempotency-Key": "c"})
    assert bob.ok("POST", "/{user}/clone", json=body, headers={"Idempotency-Key": "c"})["id"] == copy["id"]
    assert ada("DELETE", path).status_code == 204
    [item] = bob.ok("GET", f"/{{user}}/objects/{copy['id']}.p2")["objects"]
    assert column_values(item) == (52.0, 53.0)


def test_post_clone_copies_a_shared_plot(ada: Caller, bob: Caller) -> None:
    plot = ada.plot("cloned by share", 54.0)
    share = ada.ok("POST", f"/{{user}}/plots/{plot['id']}/shares", json={})
    token = share["show"].partition("share=")[2]
    body = {"plot": plot["id"], "share": token}
    copy = bob.ok("POST", "/{user}/clone", json=body)
    assert (copy["name"], copy["user_id"]) == ("cloned by share", bob.user)
    problem(bob("POST", "/{user}/clone", json={**body, "share": "bkl_wrong"}), 404, "not-found")
    other = ada.plot("not shared", 55.0)
    problem(bob("POST", "/{user}/clone", json={**body, "plot": other["id"]}), 404, "not-found")
