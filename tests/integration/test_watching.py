"""What an operator sees of a cloud of own processes: log, metrics, and whether all is well."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.dashboard import FOLDER, asked
from tests.integration.test_api_spec.caller import Caller
from tests.processes import SERVICES, Processes, own_processes
from tests.receiver import Receiver

SECRET = "bkp_" + "s" * 38


@dataclass
class Watched:
    processes: Processes
    printed: Path

    def lines(self) -> list[dict[str, Any]]:
        """Return the log's lines of requests."""
        lines = [json.loads(line) for line in self.printed.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("logger") == "bokeh_cloud.requests"]

    def line(self, request_id: str, service: str) -> dict[str, Any]:
        """Wait for the line that a service wrote of a request."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for line in self.lines():
                if (line["request_id"], line["service"]) == (request_id, service):
                    return line
            time.sleep(0.05)
        raise AssertionError(f"{service} wrote nothing of {request_id}")

    def metrics(self, service: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Return what a service measured, as Prometheus reads it."""
        answer = requests.get(f"{self.processes.of(service)[0].url}/metrics", timeout=30)
        assert answer.headers["Content-Type"].startswith("text/plain")
        families = text_string_to_metric_families(answer.text)
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver(("127.0.0.1", 0)) as receiver:
        threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True).start()
        yield receiver
        receiver.shutdown()


@pytest.fixture(scope="module")
def watched(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    printed = folder / "output"
    with printed.open("wb") as output:
        environ = {
            "BOKEH_CLOUD_WORKERS": "2",
            "BOKEH_CLOUD_DRAIN_SECONDS": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.server_port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with own_processes(f"local://{folder / 'storage'}", output=output, **environ) as processes:  # type: ignore[arg-type]  # variables
            yield Watched(processes, printed)


@pytest.fixture(scope="module")
def plot(watched: Watched) -> Any:
    return Caller(watched.processes.url, "local").plot("watched", 1.0, 2.0)


def test_a_request_is_a_line_in_each_service_that_it_reaches(watched: Watched, plot: Any) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"X-Request-Id": "seen-everywhere", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    url = f"{watched.processes.url}/plots/{plot['id']}/show"
    assert requests.get(url, headers=headers, timeout=30).status_code == 200
    line = watched.line("seen-everywhere", "web")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/plots/{plot}/show", 200)
    assert 0 < line["seconds"] < 30
    assert {watched.line("seen-everywhere", name)["trace_id"] for name in ("web", "plots", "auth")} == {trace}


def test_a_trace_goes_through_the_services(watched: Watched, receiver: Receiver, plot: Any) -> None:
    trace, parent = "5bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    headers = {"traceparent": f"00-{trace}-{parent}-01", "X-Request-Id": "traced"}
    url = f"{watched.processes.url}/plots/{plot['id']}/show"
    assert requests.get(url, headers=headers, timeout=30).status_code == 200
    spans = receiver.of(trace, {"bokeh-cloud-web", "bokeh-cloud-plots"})
    web, plots = spans["bokeh-cloud-web"], spans["bokeh-cloud-plots"]
    assert (web.name, web.parent_span_id.hex()) == ("GET /plots/{plot}/show", parent)
    assert plots.parent_span_id == web.span_id
    attributes = {a.key: a.value.string_value or a.value.int_value for a in web.attributes}
    assert attributes["http.response.status_code"] == 200
    assert attributes["bokeh_cloud.request_id"] == "traced"
    assert watched.line("traced", "web")["trace_id"] == trace


def test_the_user_is_a_hash_and_the_same_everywhere(watched: Watched, plot: Any) -> None:
    for path in ("/local/plots", "/local/data"):
        requests.get(watched.processes.url + path, headers={"X-Request-Id": "hashed"}, timeout=30)
    users = {watched.line("hashed", name)["user"] for name in ("plots", "data")}
    assert len(users) == 1
    assert "local" not in str(users)


def test_no_secret_is_in_the_log(watched: Watched, plot: Any) -> None:
    url = watched.processes.url
    requests.get(f"{url}/plots/{plot['id']}/show?share={SECRET}", timeout=30)
    requests.get(f"{url}/login/{SECRET}", timeout=30)
    headers = {"Authorization": f"Bearer {SECRET}", "X-Request-Id": "last", "Cookie": f"session={SECRET}"}
    requests.get(f"{url}/local/plots", headers=headers, timeout=30)
    watched.line("last", "plots")
    printed = watched.printed.read_text()
    assert SECRET not in printed
    tokens = {replica.environ["BOKEH_CLOUD_SERVICE_TOKEN"] for replica in watched.processes.replicas}
    assert len(tokens) == len(SERVICES)
    assert not [token for token in tokens if token in printed]


def test_all_workers_are_counted_together(watched: Watched, plot: Any) -> None:
    labels = {"service": "plots", "method": "GET", "route": "/{user}/plots/{plot}/versions", "status": "200"}
    key = ("bokeh_cloud_request_seconds_count", frozenset(labels.items()))
    before = watched.metrics("plots").get(key, 0)
    for _ in range(20):  # each on a connection of its own, so both workers get some
        requests.get(f"{watched.processes.url}/local/plots/{plot['id']}/versions", timeout=30)
    assert watched.metrics("plots")[key] == before + 20


def test_the_storage_is_measured(watched: Watched, plot: Any) -> None:
    found = watched.metrics("data")
    labels = {"kind": "blobs", "namespace": "data", "operation": "put", "outcome": "ok"}
    assert found["bokeh_cloud_storage_seconds_count", frozenset(labels.items())] >= 1


def test_the_garbage_collector_tells_of_its_last_run(watched: Watched, plot: Any) -> None:
    from bokeh_common.storage import open_records
    from bokeh_gc.records import Records

    storage = watched.processes.of("gc")[0].environ["BOKEH_CLOUD_STORAGE"]
    report = {"error": None, "started": "2026-11-25T12:00:00.000Z", "ended": 1795608002.0, "seconds": 2.0,
              "scanned": 7, "bytes": 10, "freed": {"chunk": 2}, "errors": 1, "freed_bytes": 100}  # fmt: skip
    Records(open_records(storage, "gc")).put_report(report)
    found = {name: value for (name, _), value in watched.metrics("gc").items()}
    assert found["bokeh_cloud_gc_last_run_timestamp_seconds"] == 1795608002.0
    assert (found["bokeh_cloud_gc_last_run_scanned"], found["bokeh_cloud_gc_last_run_freed"]) == (7, 2)
    assert (found["bokeh_cloud_gc_freed_bytes"], found["bokeh_cloud_gc_errors"]) == (100, 1)


def test_the_dashboard_asks_for_what_services_tell(watched: Watched, plot: Any) -> None:
    found = {name: labels for service in SERVICES for name, labels in watched.metrics(service)}
    wanted = list(asked())
    assert len(wanted) > 8
    for name, labels in wanted:
        assert labels <= set(dict(found[name])), name


def test_prometheus_asks_every_service() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert {job["job_name"] for job in jobs} == set(SERVICES)
    for job in jobs:
        [source] = job["dns_sd_configs"]
        assert (source["names"], source["type"], source["port"]) == ([job["job_name"]], "A", 8000)


def test_metrics_are_the_operators_alone(watched: Watched) -> None:
    assert requests.get(f"{watched.processes.url}/metrics", timeout=30).status_code == 404


def test_readiness_tells_what_is_missing(watched: Watched) -> None:
    data, plots = watched.processes.of("data")[0], watched.processes.of("plots")[0]
    assert requests.get(f"{plots.url}/health/ready", timeout=30).json()["checks"] == [
        "auth",
        "data",
        "storage",
    ]
    data.stop()
    try:
        assert requests.get(f"{plots.url}/health/ready", timeout=30).status_code == 503
        assert requests.get(f"{plots.url}/health/ready?of=self", timeout=30).status_code == 200
        assert requests.get(f"{plots.url}/health/live", timeout=30).status_code == 200
    finally:
        data.start()
        data.ready()
    assert requests.get(f"{plots.url}/health/ready", timeout=30).status_code == 200
