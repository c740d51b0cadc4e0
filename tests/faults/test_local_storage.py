"""The embedded cloud is killed while clients use it, and its disk is full."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.faults.ledger import FaultyCaller, Ledger
from tests.faults.local_cloud import LocalCloud
from tests.faults.verification import check_fsck, check_rows, check_versions, wait_until_ready
from tests.faults.workload import Workload, appender, collector, publisher, running_workload
from tests.integration.test_api_spec.caller import Caller, problem
from tests.support.documents import text_document

KINDS = ("versions", "rows")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    cloud = LocalCloud(tmp_path_factory.mktemp("local"))
    yield cloud
    cloud.stop()


@contextmanager
def nothing_is_lost(cloud: LocalCloud) -> Iterator[Workload]:
    ledger, caller = Ledger(), cloud.caller
    source = caller.live_source(0.0, name=f"live {secrets.token_hex(4)}")["id"]
    steps = (publisher(caller, ledger), appender(caller, ledger, source), collector(caller, ledger))
    with running_workload(ledger, *steps, kinds=KINDS) as workload:
        yield workload
    check_everything(caller, ledger, cloud.storage)


def check_everything(caller: FaultyCaller, ledger: Ledger, storage: str) -> None:
    wait_until_ready(caller)
    check_versions(caller, ledger.versions)
    check_rows(caller, ledger.rows)
    shown = f"/plots/{ledger.versions[-1].plot}/show"
    for path in ("/", "/plots", "/data", shown):
        assert requests.get(caller.url + path, headers={"Accept": "text/html"}, timeout=30).ok
    check_fsck(storage)


def test_the_embedded_cloud_is_killed(local: LocalCloud) -> None:
    with nothing_is_lost(local) as workload:
        local.kill()
        local.start()
        workload.wait_for_progress(*KINDS)


def test_a_full_disk(local: LocalCloud) -> None:
    caller = Caller(local.url, "local")
    plot = caller.plot("readable", 1.0, 2.0)
    body = {"name": "unwritable", "document": text_document("x")}
    with nothing_is_lost(local) as workload:
        with local.full_disk():
            problem(caller("POST", "/{user}/store", json=body), 503, "unavailable")
            assert caller.ok("GET", f"/{{user}}/plots/{plot['id']}/scene")
            assert requests.get(f"{local.url}/plots", headers={"Accept": "text/html"}, timeout=30).ok
        workload.wait_for_progress(*KINDS)
