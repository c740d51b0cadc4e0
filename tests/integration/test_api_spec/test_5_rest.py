"""The garbage collector's two, pages, conventions, and manners that all routes share."""

import gzip
import json
import re
from collections.abc import Callable

import pytest
from backports import zstd

from tests.integration.conftest import GIVEN
from tests.integration.people import Cloud
from tests.integration.test_api_spec.caller import VERSION, Caller, problem

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress}

#: A cloud that runs elsewhere leaves alone what was used lately.
GRACE = bool(GIVEN)


def test_get_gc_orphans_lists_ids_and_bytes(ada: Caller) -> None:
    [chunk] = ada.upload(70.125)["chunks"]
    found, path = [], "/{user}/gc/orphans?limit=2"
    while path:
        answer = ada("GET", path)
        assert len(answer.json()["orphans"]) <= 2
        found += answer.json()["orphans"]
        path = answer.links.get("next", {}).get("url", "")
    assert len({orphan["id"] for orphan in found}) == len(found)
    uploads = [orphan for orphan in found if chunk["hash"] in orphan["id"] and orphan["kind"] == "upload"]
    assert len(uploads) == (0 if GRACE else 1)
    assert all(orphan["why"] for orphan in found)
    assert all(orphan["bytes"] >= 0 for orphan in found)


def test_post_gc_run_tells_and_then_frees(ada: Caller) -> None:
    plot = ada.plot("collected", 70.0)
    ada.upload(70.25)
    tried = ada.ok("POST", "/{user}/gc/run", json={"dry_run": True})
    assert bool(ada.ok("GET", "/{user}/gc/orphans")["orphans"]) != GRACE
    done = ada.ok("POST", "/{user}/gc/run", json={})
    assert (tried["freed"], tried["bytes"]) == (done["freed"], done["bytes"])
    assert done["freed"].get("upload", 0) >= (0 if GRACE else 1)
    assert ada.ok("GET", "/{user}/gc/orphans") == {"orphans": []}
    assert ada.publish("collected", 70.0).json()["unchanged"]
    assert ada.ok("GET", f"/{{user}}/objects/{plot['id']}.p2")["missing"] == []


def test_gc_takes_a_scope_of_its_own(ada: Caller, bob: Caller) -> None:
    reader = ada.ok("POST", "/{user}/keys", json={"name": "reader", "scopes": ["data:read"]})["key"]
    problem(ada("POST", "/{user}/gc/run", key=reader, json={}), 403, "forbidden")
    problem(ada("GET", "/{user}/gc/orphans", key=reader), 403, "forbidden")
    problem(bob("POST", f"/{ada.user}/gc/run", json={}), 404, "not-found")


def test_get_show_is_a_page_and_get_embed_a_bare_frame(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("on a page", 71.0)
    assert visitor("GET", plot["show"]).status_code == 404
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    page, frame = visitor("GET", plot["show"]), visitor("GET", plot["embed"])
    assert f"/plots/{plot['id']}/embed" in page.text
    assert "sandbox" in frame.headers["Content-Security-Policy"]


def test_get_events_is_a_stream_of_whoever_sees_the_plot(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("listened to", 71.5)
    path = f"/plots/{plot['id']}/events"
    problem(visitor("GET", path), 404, "not-found")
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    with visitor("GET", path, stream=True) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert next(answer.iter_lines(chunk_size=1)).startswith(b"retry: ")


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


def test_get_metrics_is_for_the_operator(people: Cloud, visitor: Caller) -> None:
    """Each service has its own, and the gateway does not know them."""
    problem(visitor("GET", "/metrics"), 404, "not-found")
    for url in people.services:
        answer = Caller(url)("GET", "/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert "bokeh_cloud_storage_seconds_count" in answer.text


def test_every_problem_has_a_page(ada: Caller, visitor: Caller) -> None:
    for answer in (ada("GET", "/{user}/plots/nothing"), ada("POST", "/{user}/store", json={})):
        assert visitor("GET", answer.json()["type"]).status_code == 200


def test_head_is_get_without_a_body(ada: Caller) -> None:
    plot = ada.plot("headed", 1.0)
    path = f"/{{user}}/plots/{plot['id']}/scene"
    get, head = ada("GET", path), ada("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]


def test_head_is_there_where_get_is(ada: Caller) -> None:
    """Tried where no id is needed: the heads are the same, and there is no body."""
    tried = 0
    for path, item in ada.ok("GET", "/openapi.json")["paths"].items():
        if "get" in item and "{" not in path.replace("{user}", "") and not item["get"].get("requestBody"):
            get, head = ada("GET", path), ada("HEAD", path)
            assert (head.status_code, head.content) == (get.status_code, b""), path
            assert head.headers.get("Content-Type") == get.headers.get("Content-Type"), path
            assert head.headers.get("ETag") == get.headers.get("ETag"), path
            tried += 1
    assert tried > 10


def test_options_tell_the_methods_that_are_described(ada: Caller) -> None:
    for path, item in ada.ok("GET", "/openapi.json")["paths"].items():
        answer = ada("OPTIONS", re.sub(r"{(?!user)\w+}", "x" * 16, path))
        assert (answer.status_code, answer.content) == (200, b""), path
        described = {method.upper() for method in item} - {"PARAMETERS"}
        assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == described, path


def test_methods_that_are_not_there(ada: Caller) -> None:
    refused = ada("PUT", "/{user}/plots")
    problem(refused, 405, "method-not-allowed")
    assert {"GET", "HEAD"} <= set(refused.headers["Allow"].split(", "))


def test_a_version_of_the_api_that_is_not_there_is_not_acceptable(ada: Caller) -> None:
    later = {"Accept": "application/vnd.bokeh-cloud.v2+json"}
    problem(ada("GET", "/{user}/plots", headers=later), 406, "not-acceptable")


def test_cursors_are_those_that_were_given(ada: Caller) -> None:
    for path in ("plots", "data", "keys", "audit", "gc/orphans"):
        problem(ada("GET", f"/{{user}}/{path}?after=%00%ff"), 422, "invalid")
        problem(ada("GET", f"/{{user}}/{path}?limit=1001"), 422, "invalid")


def test_what_cannot_be_had_or_taken_as_asked(ada: Caller) -> None:
    problem(ada("GET", "/{user}/plots", headers={"Accept": "text/csv"}), 406, "not-acceptable")
    text = {"Content-Type": "text/plain"}
    problem(ada("POST", "/{user}/store", data="{}", headers=text), 415, "unsupported-media-type")
    packed = {"Content-Type": "application/json", "Content-Encoding": "br"}
    problem(ada("POST", "/{user}/store", data="{}", headers=packed), 415, "unsupported-media-type")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_may_be_packed_and_bombs_are_refused(ada: Caller, encoding: str) -> None:
    root = {"type": "object", "name": "Div", "id": "p1"}
    name = f"packed by {encoding}"
    body = json.dumps({"name": name, "document": {"version": VERSION, "roots": [root] * 1000}})
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    made = ada("POST", "/{user}/store", data=PACK[encoding](body.encode()), headers=headers)
    assert made.status_code == 201
    path, wanted = f"/{{user}}/plots/{made.json()['id']}/scene", {"Accept-Encoding": encoding}
    with ada("GET", path, headers=wanted, stream=True) as answer:
        assert answer.headers["Content-Encoding"] == encoding
        scene = json.loads(UNPACK[encoding](answer.raw.read(decode_content=False)))
    assert len(scene["roots"]) == 1000
    again = ada("GET", path, headers={"If-None-Match": answer.headers["ETag"], **wanted})
    assert again.status_code == 304
    bomb = PACK[encoding](bytes(100 << 20))
    problem(ada("POST", "/{user}/store", data=bomb, headers=headers), 413, "too-large")
    problem(ada("POST", "/{user}/store", data=b"not packed", headers=headers), 422, "invalid")


def test_requests_keep_their_id(ada: Caller) -> None:
    answer = ada("GET", "/{user}/plots", headers={"X-Request-Id": "mine-1"})
    assert answer.headers["X-Request-Id"] == "mine-1"
    assert ada("GET", "/{user}/plots").headers["X-Request-Id"]
