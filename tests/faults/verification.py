"""What holds after a fault: everything acknowledged is there, pages work, and fsck finds nothing."""

import secrets
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import requests

from bokeh_cloud_server import embedded
from bokeh_common.http.client.blocking_client import BlockingServiceClient
from bokeh_gc.clients import KeyspaceClient
from bokeh_gc.fsck import StorageCheck
from tests.faults.faulty_cloud import FaultyCloud
from tests.faults.ledger import Ledger, NotAcknowledged, PublishedVersion
from tests.faults.population import PLOTS
from tests.faults.workload import Workload, appender, collector, mailer, publisher, running_workload
from tests.integration.test_api_spec.caller import Caller
from tests.support.waiting import wait_until

READY_SECONDS = 60
MAX_COLUMNS = 500  # of a request
SAMPLE = 3  # accounts
MAIL_SECONDS = 0.5  # a mail usually takes much less
AFTER_LEASES = 360.0  # seconds, after which leases of killed processes have expired
PAGES = ("/", "/plots", "/data", "/account")


@contextmanager
def nothing_is_lost(cloud: FaultyCloud, *, collecting: bool = False) -> Iterator[Workload]:
    """Run clients during the block, and check everything that was acknowledged afterwards.

    Args:
        cloud: the cloud.
        collecting: whether garbage is collected all the time, which takes most of the processor.
    """
    ledger, caller = Ledger(), cloud.caller
    source = caller.live_source(0.0, name=f"live {secrets.token_hex(4)}")["id"]
    steps = [publisher(caller, ledger), appender(caller, ledger, source), mailer(caller, ledger)]
    if collecting:
        steps.append(collector(caller, ledger))
    with running_workload(ledger, *steps) as workload:
        yield workload
    check_everything(cloud, ledger)


def check_everything(cloud: FaultyCloud, ledger: Ledger) -> None:
    """Check that everything acknowledged is there, pages work, and fsck finds nothing."""
    wait_until_ready(cloud.caller)
    check_versions(cloud.caller, ledger.versions)
    check_rows(cloud.caller, ledger.rows)
    check_mails(cloud, ledger)
    check_pages(cloud, ledger)
    check_population(cloud)
    check_fsck(cloud.storage)


def wait_until_ready(caller: Caller) -> None:
    """Wait until all services respond through the gateway."""

    def responds(path: str) -> bool:
        try:
            return caller("GET", path).ok
        except (requests.RequestException, NotAcknowledged):
            return False

    for path in ("/health/ready", "/whoami", "/{user}/plots", "/{user}/data"):
        wait_until(partial(responds, path), READY_SECONDS)


def collect_garbage(cloud: FaultyCloud) -> None:
    """Collect garbage, at the latest when the lease of a killed collector has expired.

    Then the collector's worker may be the first to do it.
    """

    def is_collected() -> bool:
        try:
            cloud.caller.ok("POST", "/{user}/gc/run", json={})
        except NotAcknowledged:
            return False
        return True

    if not is_collected():
        cloud.clocks.advance(AFTER_LEASES)
        wait_until(is_collected, READY_SECONDS)


def check_versions(caller: Caller, versions: Sequence[PublishedVersion]) -> None:
    """Check that each version of a plot has the text and the values that were published."""
    columns = []
    for version in versions:
        path = f"/{{user}}/plots/{version.plot}/scene?version={version.version}"
        attributes = caller.ok("GET", path)["roots"][0]["attributes"]
        assert attributes["text"] == version.text
        [[_, array]] = attributes["tags"][0]["attributes"]["data"]["entries"]
        columns.append(array["array"]["data"]["id"])
    assert read_columns(caller, columns) == [version.values for version in versions]


def read_columns(caller: Caller, columns: Sequence[str]) -> list[tuple[float, ...]]:
    """Return the values of columns of float64."""
    found = {}
    for start in range(0, len(columns), MAX_COLUMNS):
        page = list(dict.fromkeys(columns[start : start + MAX_COLUMNS]))
        response = caller("POST", "/{user}/data/columns", json={"columns": page})
        assert response.ok, response.text
        rest = response.content
        for column in page:
            size = int.from_bytes(rest[:8], "little")
            found[column] = struct.unpack(f"<{size // 8}d", rest[8 : 8 + size])
            rest = rest[8 + size :]
    return [found[column] for column in columns]


def check_rows(caller: Caller, rows: dict[str, list[float]]) -> None:
    """Check that each acknowledged row is stored once and in order, and at most one more."""
    for source, acknowledged in rows.items():
        stored = caller.ok("GET", f"/{{user}}/data/{source}?full")["columns"]["y"]
        assert stored[1 : 1 + len(acknowledged)] == acknowledged
        assert len(stored) <= 1 + len(acknowledged) + 1


def check_mails(cloud: FaultyCloud, ledger: Ledger) -> None:
    """Check that all mails are sent, at the latest when the lease of a killed process has expired."""

    def are_sent() -> bool:
        received = {str(mail["To"]) for mail in cloud.mailbox.mails}
        return set(ledger.mails) <= received

    try:
        wait_until(are_sent, MAIL_SECONDS)
    except AssertionError:
        cloud.clocks.advance(AFTER_LEASES)
        mailer(cloud.caller, ledger)(0)  # wakes the thread that sends
        wait_until(are_sent, READY_SECONDS)


def check_pages(cloud: FaultyCloud, ledger: Ledger) -> None:
    """Check that pages work again, and the page and the frame of a plot; until then, they say so."""
    shown = [f"/plots/{version.plot}/show" for version in ledger.versions[-1:]]

    def works(path: str) -> bool:
        response = cloud.ada.get(path)
        assert response.status_code in {200, 503}, (path, response.status_code, response.text)
        return response.status_code == 200

    for path in (*PAGES, *shown):
        wait_until(partial(works, path), READY_SECONDS)


def check_population(cloud: FaultyCloud) -> None:
    """Check that some of the other accounts have all of their plots."""
    for caller in cloud.population.callers(cloud.processes.url)[:SAMPLE]:
        plots = caller.ok("GET", "/{user}/plots")["plots"]
        assert {plot["name"] for plot in plots} == {f"plot {number}" for number in range(PLOTS)}


def check_fsck(storage: str) -> None:
    """Check that nothing is missing or damaged, as `bokeh-cloud admin fsck` does."""
    plots, data = (BlockingServiceClient(client) for client in embedded.data_services(storage, "gc"))
    check = StorageCheck(KeyspaceClient({"plots": plots, "data": data}))
    assert list(check.run()) == []
    assert check.checked > 0
