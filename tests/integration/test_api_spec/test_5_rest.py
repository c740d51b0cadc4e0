"""The garbage collector's two, pages, conventions, and manners that all routes share."""

import gzip
import json

from tests.integration.test_api_spec.caller import VERSION, Caller, problem


def test_get_gc_orphans_lists_ids_and_bytes(ada: Caller) -> None:
    answer = ada.ok("GET", "/{user}/gc/orphans")
    assert isinstance(answer["orphans"], list)


def test_post_gc_run_dry(ada: Caller) -> None:
    ada.plot("collected", 70.0)
    report = ada.ok("POST", "/{user}/gc/run", json={"dry_run": True})
    assert isinstance(report, dict)
    assert ada.publish("collected", 70.0).json()["unchanged"]


def test_get_show_is_a_page_and_get_embed_a_bare_frame(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("on a page", 71.0)
    assert visitor("GET", plot["show"]).status_code == 404
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    page, frame = visitor("GET", plot["show"]), visitor("GET", plot["embed"])
    assert f"/plots/{plot['id']}/embed" in page.text
    assert "sandbox" in frame.headers["Content-Security-Policy"]


def test_get_oembed(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("by oembed", 72.0)
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    answer = visitor("GET", f"/oembed?url={ada.url}{plot['show']}")
    assert answer.status_code == 200
    assert f"/plots/{plot['id']}/embed" in answer.json()["html"]


def test_get_openapi_json_and_docs(visitor: Caller) -> None:
    document = visitor.ok("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert "/{user}/store" in document["paths"]
    assert visitor("GET", "/docs/api").status_code == 200


def test_get_health(visitor: Caller) -> None:
    assert visitor.ok("GET", "/health/live")["status"] == "ok"
    assert visitor.ok("GET", "/health/ready")["status"] == "ok"


def test_every_problem_has_a_page(ada: Caller, visitor: Caller) -> None:
    for answer in (ada("GET", "/{user}/plots/nothing"), ada("POST", "/{user}/store", json={})):
        assert visitor("GET", answer.json()["type"]).status_code == 200


def test_head_is_get_without_a_body(ada: Caller) -> None:
    plot = ada.plot("headed", 1.0)
    path = f"/{{user}}/plots/{plot['id']}/scene"
    get, head = ada("GET", path), ada("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]


def test_options_and_methods_that_are_not_there(ada: Caller) -> None:
    allowed = ada("OPTIONS", "/{user}/plots").headers["Allow"]
    assert {"GET", "HEAD"} <= set(allowed.split(", "))
    refused = ada("PUT", "/{user}/plots")
    problem(refused, 405, "method-not-allowed")
    assert "GET" in refused.headers["Allow"]


def test_what_cannot_be_had_or_taken_as_asked(ada: Caller) -> None:
    problem(ada("GET", "/{user}/plots", headers={"Accept": "text/csv"}), 406, "not-acceptable")
    text = {"Content-Type": "text/plain"}
    problem(ada("POST", "/{user}/store", data="{}", headers=text), 415, "unsupported-media-type")
    packed = {"Content-Type": "application/json", "Content-Encoding": "br"}
    problem(ada("POST", "/{user}/store", data="{}", headers=packed), 415, "unsupported-media-type")


def test_bodies_may_be_packed_and_bombs_are_refused(ada: Caller) -> None:
    root = {"type": "object", "name": "Div", "id": "p1"}
    body = json.dumps({"name": "packed", "document": {"version": VERSION, "roots": [root] * 1000}})
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    made = ada("POST", "/{user}/store", data=gzip.compress(body.encode()), headers=headers)
    assert made.status_code == 201
    path = f"/{{user}}/plots/{made.json()['id']}/scene"
    answer = ada("GET", path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    again = ada("GET", path, headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"})
    assert again.status_code == 304
    bomb = gzip.compress(bytes(100 << 20))
    problem(ada("POST", "/{user}/store", data=bomb, headers=headers), 413, "too-large")


def test_requests_keep_their_id(ada: Caller) -> None:
    answer = ada("GET", "/{user}/plots", headers={"X-Request-Id": "mine-1"})
    assert answer.headers["X-Request-Id"] == "mine-1"
    assert ada("GET", "/{user}/plots").headers["X-Request-Id"]
