"""The log, traces, metrics and readiness checks of a cloud with a process for each service."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bokeh_common.storage import open_records
from bokeh_gc.repository import GcRepository
from tests.integration.test_api_spec.caller import Caller
from tests.support.dashboard import FOLDER, queried_metrics
from tests.support.otlp_receiver import OtlpReceiver
from tests.support.processes import SERVICES, Processes, start_services
from tests.support.waiting import wait_until

SECRET = "bkp_" + "s" * 38


@dataclass
class MonitoredCloud:
    """A cloud whose processes write to one log."""

    processes: Processes
    log_file: Path

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the access log."""
        lines = [json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("logger") == "bokeh_cloud.requests"]

    def line(self, request_id: str, service: str) -> dict[str, Any]:
        """Wait for the line that a service logs for a request, and return it."""

        def matching() -> list[dict[str, Any]]:
            ids = request_id, service
            return [line for line in self.lines() if (line["request_id"], line["service"]) == ids]

        wait_until(lambda: bool(matching()), 10)
        return matching()[0]

    def metrics(self, service: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Return the metrics of a service by name and labels, as Prometheus reads them."""
        response = requests.get(f"{self.processes.of(service)[0].url}/metrics", timeout=30)
        assert response.headers["Content-Type"].startswith("text/plain")
        families = text_string_to_metric_families(response.text)
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver(("127.0.0.1", 0)) as receiver:
        threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True).start()
        yield receiver
        receiver.shutdown()


@pytest.fixture(scope="module")
def cloud(receiver: OtlpReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitoredCloud]:
    folder = tmp_path_factory.mktemp("watched")
    log_file = folder / "output"
    with log_file.open("wb") as output:
        environ: Any = {
            "BOKEH_CLOUD_WORKERS": "2",
            "BOKEH_CLOUD_DRAIN_SECONDS": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.server_port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with start_services(f"local://{folder / 'storage'}", output=output, **environ) as processes:
            yield MonitoredCloud(processes, log_file)


@pytest.fixture(scope="module")
def plot(cloud: MonitoredCloud) -> Any:
    return Caller(cloud.processes.url, "local").plot("watched", 1.0, 2.0)


def test_each_service_logs_a_line_for_a_request(cloud: MonitoredCloud, plot: Any) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"X-Request-Id": "seen-everywhere", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    url = f"{cloud.processes.url}/plots/{plot['id']}/show"
    assert requests.get(url, headers=headers, timeout=30).status_code == 200
    line = cloud.line("seen-everywhere", "web")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/plots/{plot}/show", 200)
    assert 0 < line["seconds"] < 30
    assert {cloud.line("seen-everywhere", name)["trace_id"] for name in ("web", "plots", "auth")} == {trace}


def test_a_trace_has_spans_of_all_services(cloud: MonitoredCloud, receiver: OtlpReceiver, plot: Any) -> None:
    trace, parent = "5bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    headers = {"traceparent": f"00-{trace}-{parent}-01", "X-Request-Id": "traced"}
    url = f"{cloud.processes.url}/plots/{plot['id']}/show"
    assert requests.get(url, headers=headers, timeout=30).status_code == 200
    spans = receiver.wait_for_trace(trace, {"bokeh-cloud-web", "bokeh-cloud-plots"})
    web, plots = spans["bokeh-cloud-web"], spans["bokeh-cloud-plots"]
    assert (web.name, web.parent_span_id.hex()) == ("GET /plots/{plot}/show", parent)
    assert plots.parent_span_id == web.span_id
    attributes = {a.key: a.value.string_value or a.value.int_value for a in web.attributes}
    assert attributes["http.response.status_code"] == 200
    assert attributes["bokeh_cloud.request_id"] == "traced"
    assert cloud.line("traced", "web")["trace_id"] == trace


def test_the_log_has_the_same_hash_of_a_user_in_all_services(cloud: MonitoredCloud, plot: Any) -> None:
    for path in ("/local/plots", "/local/data"):
        requests.get(cloud.processes.url + path, headers={"X-Request-Id": "hashed"}, timeout=30)
    users = {cloud.line("hashed", name)["user"] for name in ("plots", "data")}
    assert len(users) == 1
    assert "local" not in str(users)


def test_the_log_has_no_secrets(cloud: MonitoredCloud, plot: Any) -> None:
    url = cloud.processes.url
    requests.get(f"{url}/plots/{plot['id']}/show?share={SECRET}", timeout=30)
    requests.get(f"{url}/login/{SECRET}", timeout=30)
    headers = {"Authorization": f"Bearer {SECRET}", "X-Request-Id": "last", "Cookie": f"session={SECRET}"}
    requests.get(f"{url}/local/plots", headers=headers, timeout=30)
    cloud.line("last", "plots")
    log_file = cloud.log_file.read_text()
    assert SECRET not in log_file
    tokens = {replica.environ["BOKEH_CLOUD_SERVICE_TOKEN"] for replica in cloud.processes.replicas}
    assert len(tokens) == len(SERVICES)
    assert not [token for token in tokens if token in log_file]


def test_metrics_are_summed_over_all_workers(cloud: MonitoredCloud, plot: Any) -> None:
    labels = {"service": "plots", "method": "GET", "route": "/{user}/plots/{plot}/versions", "status": "200"}
    key = ("bokeh_cloud_request_seconds_count", frozenset(labels.items()))
    before = cloud.metrics("plots").get(key, 0)
    for _ in range(20):  # each on a connection of its own, so that both workers receive some
        requests.get(f"{cloud.processes.url}/local/plots/{plot['id']}/versions", timeout=30)
    assert cloud.metrics("plots")[key] == before + 20


def test_storage_operations_are_measured(cloud: MonitoredCloud, plot: Any) -> None:
    found = cloud.metrics("data")
    labels = {"kind": "blobs", "namespace": "data", "operation": "put", "outcome": "ok"}
    assert found["bokeh_cloud_storage_seconds_count", frozenset(labels.items())] >= 1


@pytest.fixture(scope="module")
def last_run(cloud: MonitoredCloud) -> None:
    """Store the report of a run of the garbage collector, which no process of this cloud makes."""
    storage = cloud.processes.of("gc")[0].environ["BOKEH_CLOUD_STORAGE"]
    report = {"error": None, "started": "2026-11-25T12:00:00.000Z", "ended": 1795608002.0, "seconds": 2.0,
              "scanned": 7, "bytes": 10, "freed": {"chunk": 2}, "errors": 1, "freed_bytes": 100}  # fmt: skip
    GcRepository(open_records(storage, "gc")).put_report(report)


@pytest.mark.usefixtures("last_run")
def test_the_last_run_of_the_garbage_collector_is_measured(cloud: MonitoredCloud, plot: Any) -> None:
    found = {name: value for (name, _), value in cloud.metrics("gc").items()}
    assert found["bokeh_cloud_gc_last_run_timestamp_seconds"] == 1795608002.0
    assert (found["bokeh_cloud_gc_last_run_scanned"], found["bokeh_cloud_gc_last_run_freed"]) == (7, 2)
    assert (found["bokeh_cloud_gc_freed_bytes"], found["bokeh_cloud_gc_errors"]) == (100, 1)


@pytest.mark.usefixtures("last_run")
def test_services_have_the_metrics_that_the_dashboard_queries(cloud: MonitoredCloud, plot: Any) -> None:
    queried = list(queried_metrics())
    assert len(queried) > 8
    found = {name: labels for service in SERVICES for name, labels in cloud.metrics(service)}
    for name, labels in queried:
        assert labels <= set(dict(found[name])), name


def test_prometheus_scrapes_every_service() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert {job["job_name"] for job in jobs} == set(SERVICES)
    for job in jobs:
        [source] = job["dns_sd_configs"]
        assert (source["names"], source["type"], source["port"]) == ([job["job_name"]], "A", 8000)


def test_metrics_are_not_reachable_through_the_gateway(cloud: MonitoredCloud) -> None:
    assert requests.get(f"{cloud.processes.url}/metrics", timeout=30).status_code == 404


def test_a_service_is_not_ready_while_another_one_is_down(cloud: MonitoredCloud) -> None:
    data, plots = cloud.processes.of("data")[0], cloud.processes.of("plots")[0]
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
        data.wait_until_ready()
    assert requests.get(f"{plots.url}/health/ready", timeout=30).status_code == 200
