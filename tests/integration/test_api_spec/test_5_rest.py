"""The garbage collector's routes, pages, and the conventions that all routes share."""

import gzip
import json
import re
from collections.abc import Callable
from functools import partial

import pytest
from backports import zstd

from tests.integration.conftest import GIVEN
from tests.integration.test_api_spec.caller import Caller, problem
from tests.support.documents import VERSION
from tests.support.paging import follow_pages
from tests.support.users import RunningCloud

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress}

#: Whether orphans are kept for a while, as on a cloud that was not started for the tests.
GRACE_PERIOD = bool(GIVEN)


def test_get_gc_orphans_lists_ids_and_bytes(ada: Caller) -> None:
    [chunk] = ada.upload(70.125)["chunks"]
    responses = follow_pages(partial(ada, "GET"), "/{user}/gc/orphans?limit=2")
    pages = [response.json()["orphans"] for response in responses]
    assert max(map(len, pages)) <= 2
    found = [orphan for page in pages for orphan in page]
    assert len({orphan["id"] for orphan in found}) == len(found)
    uploads = [orphan for orphan in found if chunk["hash"] in orphan["id"] and orphan["kind"] == "upload"]
    assert len(uploads) == (0 if GRACE_PERIOD else 1)
    assert all(orphan["why"] for orphan in found)
    assert all(orphan["bytes"] >= 0 for orphan in found)


def test_post_gc_run_frees_what_a_dry_run_reports(ada: Caller) -> None:
    plot = ada.plot("collected", 70.0)
    ada.upload(70.25)
    dry = ada.ok("POST", "/{user}/gc/run", json={"dry_run": True})
    assert bool(ada.ok("GET", "/{user}/gc/orphans")["orphans"]) != GRACE_PERIOD
    report = ada.ok("POST", "/{user}/gc/run", json={})
    assert (dry["freed"], dry["bytes"]) == (report["freed"], report["bytes"])
    assert report["freed"].get("upload", 0) >= (0 if GRACE_PERIOD else 1)
    assert ada.ok("GET", "/{user}/gc/orphans") == {"orphans": []}
    assert ada.publish("collected", 70.0).json()["unchanged"]
    assert ada.ok("GET", f"/{{user}}/objects/{plot['id']}.p2")["missing"] == []


def test_the_garbage_collector_requires_its_own_scope(ada: Caller, bob: Caller) -> None:
    reader = ada.ok("POST", "/{user}/keys", json={"name": "reader", "scopes": ["data:read"]})["key"]
    problem(ada("POST", "/{user}/gc/run", key=reader, json={}), 403, "forbidden")
    problem(ada("GET", "/{user}/gc/orphans", key=reader), 403, "forbidden")
    problem(bob("POST", f"/{ada.user}/gc/run", json={}), 404, "not-found")


def test_get_show_returns_the_plot_page_and_get_embed_the_frame(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("on a page", 71.0)
    assert visitor("GET", plot["show"]).status_code == 404
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    page, frame = visitor("GET", plot["show"]), visitor("GET", plot["embed"])
    assert f"/plots/{plot['id']}/embed" in page.text
    assert "sandbox" in frame.headers["Content-Security-Policy"]


def test_get_events_requires_access_to_the_plot(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("with events", 71.5)
    path = f"/plots/{plot['id']}/events"
    problem(visitor("GET", path), 404, "not-found")
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    with visitor("GET", path, stream=True) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert next(response.iter_lines(chunk_size=1)).startswith(b"retry: ")


def test_get_oembed_describes_a_public_plot(ada: Caller, visitor: Caller) -> None:
    plot = ada.plot("by oembed", 72.0)
    ada.ok("PATCH", f"/{{user}}/plots/{plot['id']}", json={"visibility": "public"})
    response = visitor("GET", f"/oembed?url={ada.url}{plot['show']}")
    assert response.status_code == 200
    assert f"/plots/{plot['id']}/embed" in response.json()["html"]


def test_get_openapi_json_returns_the_description(visitor: Caller) -> None:
    document = visitor.ok("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert "/{user}/store" in document["paths"]
    assert visitor("GET", "/docs/api").status_code == 200


def test_get_health_is_ok(visitor: Caller) -> None:
    assert visitor.ok("GET", "/health/live")["status"] == "ok"
    assert visitor.ok("GET", "/health/ready")["status"] == "ok"


def test_get_metrics_is_not_routed_by_the_gateway(accounts: RunningCloud, visitor: Caller) -> None:
    """Each service has its own metrics, which Prometheus fetches directly."""
    problem(visitor("GET", "/metrics"), 404, "not-found")
    for url in accounts.service_urls:
        response = Caller(url)("GET", "/metrics")
        assert response.headers["Content-Type"].startswith("text/plain")
        assert "bokeh_cloud_storage_seconds_count" in response.text


def test_every_problem_has_a_page(ada: Caller, visitor: Caller) -> None:
    for response in (ada("GET", "/{user}/plots/nothing"), ada("POST", "/{user}/store", json={})):
        assert visitor("GET", response.json()["type"]).status_code == 200


def test_head_returns_the_headers_of_get(ada: Caller) -> None:
    plot = ada.plot("headed", 1.0)
    path = f"/{{user}}/plots/{plot['id']}/scene"
    get, head = ada("GET", path), ada("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]


def test_every_get_route_without_ids_supports_head(ada: Caller) -> None:
    count = 0
    for path, item in ada.ok("GET", "/openapi.json")["paths"].items():
        if "get" in item and "{" not in path.replace("{user}", "") and not item["get"].get("requestBody"):
            get, head = ada("GET", path), ada("HEAD", path)
            assert (head.status_code, head.content) == (get.status_code, b""), path
            assert head.headers.get("Content-Type") == get.headers.get("Content-Type"), path
            assert head.headers.get("ETag") == get.headers.get("ETag"), path
            count += 1
    assert count > 10


def test_options_returns_the_described_methods(ada: Caller) -> None:
    for path, item in ada.ok("GET", "/openapi.json")["paths"].items():
        response = ada("OPTIONS", re.sub(r"{(?!user)\w+}", "x" * 16, path))
        assert (response.status_code, response.content) == (200, b""), path
        described = {method.upper() for method in item} - {"PARAMETERS"}
        assert set(response.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == described, path


def test_other_methods_are_not_allowed(ada: Caller) -> None:
    rejected = ada("PUT", "/{user}/plots")
    problem(rejected, 405, "method-not-allowed")
    assert {"GET", "HEAD"} <= set(rejected.headers["Allow"].split(", "))


def test_an_unknown_version_of_the_api_is_not_acceptable(ada: Caller) -> None:
    later = {"Accept": "application/vnd.bokeh-cloud.v2+json"}
    problem(ada("GET", "/{user}/plots", headers=later), 406, "not-acceptable")


def test_invalid_cursors_and_limits_are_rejected(ada: Caller) -> None:
    for path in ("plots", "data", "keys", "audit", "gc/orphans"):
        problem(ada("GET", f"/{{user}}/{path}?after=%00%ff"), 422, "invalid")
        problem(ada("GET", f"/{{user}}/{path}?limit=1001"), 422, "invalid")


def test_unsupported_media_types_and_encodings_are_rejected(ada: Caller) -> None:
    problem(ada("GET", "/{user}/plots", headers={"Accept": "text/csv"}), 406, "not-acceptable")
    text = {"Content-Type": "text/plain"}
    problem(ada("POST", "/{user}/store", data="{}", headers=text), 415, "unsupported-media-type")
    packed = {"Content-Type": "application/json", "Content-Encoding": "br"}
    problem(ada("POST", "/{user}/store", data="{}", headers=packed), 415, "unsupported-media-type")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_may_be_compressed_and_bombs_are_rejected(ada: Caller, encoding: str) -> None:
    root = {"type": "object", "name": "Div", "id": "p1"}
    name = f"compressed by {encoding}"
    body = json.dumps({"name": name, "document": {"version": VERSION, "roots": [root] * 1000}})
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    made = ada("POST", "/{user}/store", data=COMPRESS[encoding](body.encode()), headers=headers)
    assert made.status_code == 201
    path, accept = f"/{{user}}/plots/{made.json()['id']}/scene", {"Accept-Encoding": encoding}
    with ada("GET", path, headers=accept, stream=True) as response:
        assert response.headers["Content-Encoding"] == encoding
        scene = json.loads(DECOMPRESS[encoding](response.raw.read(decode_content=False)))
    assert len(scene["roots"]) == 1000
    again = ada("GET", path, headers={"If-None-Match": response.headers["ETag"], **accept})
    assert again.status_code == 304
    bomb = COMPRESS[encoding](bytes(100 << 20))
    problem(ada("POST", "/{user}/store", data=bomb, headers=headers), 413, "too-large")
    problem(ada("POST", "/{user}/store", data=b"not compressed", headers=headers), 422, "invalid")


def test_responses_have_the_id_of_the_request(ada: Caller) -> None:
    response = ada("GET", "/{user}/plots", headers={"X-Request-Id": "mine-1"})
    assert response.headers["X-Request-Id"] == "mine-1"
    assert ada("GET", "/{user}/plots").headers["X-Request-Id"]
