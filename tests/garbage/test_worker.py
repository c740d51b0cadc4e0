"""The worker: when it runs, its metrics, several workers at once, and clocks that differ."""

import asyncio
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from bokeh_common.errors import Unavailable
from bokeh_common.http.client.app_transport import AppTransport
from bokeh_gc.clients import KeyspaceClient
from bokeh_gc.collection.collector import ALL_ACCOUNTS, Collector
from bokeh_gc.lease import LEASE_SECONDS, LeaseLost
from bokeh_gc.metrics import run_metrics
from bokeh_gc.schedule.worker import RETRY_SECONDS, CollectorWorker
from tests.garbage.driver import SteppedCloud
from tests.garbage.reachable import contents, reachable
from tests.support.waiting import wait_until

EVERY = 3600.0
SECONDS = 60.0  # the maximum time to wait for a thread
SKEW = 600.0  # seconds between the clocks of machines


class ManualClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def cloud(storage: str) -> SteppedCloud:
    cloud = SteppedCloud(storage)
    cloud.publish("kept", (b"kept",))
    return cloud


def create_orphans(cloud: SteppedCloud) -> None:
    cloud.delete_plot(cloud.publish("gone", (b"gone",))["id"])


def metrics(cloud: SteppedCloud) -> dict[str, float]:
    found = run_metrics(cloud.collector().repository.report())
    return {name.removeprefix("bokeh_cloud_gc_"): value for (name, _), value in found.items()}


def test_the_worker_runs_when_a_run_is_due_and_reports_it_in_metrics(cloud: SteppedCloud) -> None:
    clock = ManualClock()
    worker = CollectorWorker(cloud.collector(), EVERY, clock)
    assert metrics(cloud) == {}
    create_orphans(cloud)
    before = cloud.stored_bytes()
    assert worker.run_if_due()
    assert not worker.run_if_due()
    first = metrics(cloud)
    assert first["last_run_freed_bytes"] == first["freed_bytes"] == before - cloud.stored_bytes() > 0
    assert first["last_run_timestamp_seconds"] == clock.now
    assert first["last_run_freed"] > 1
    assert first["last_run_scanned"] > 10
    clock.now += EVERY + 1
    assert worker.run_if_due()
    assert metrics(cloud)["freed_bytes"] == first["freed_bytes"]
    assert metrics(cloud)["last_run_freed_bytes"] == 0


def test_a_failed_run_is_counted_and_soon_retried(
    cloud: SteppedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    worker = CollectorWorker(cloud.collector(), EVERY, clock)

    def down(*_: object, **__: object) -> None:
        raise Unavailable("The storage does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(KeyspaceClient, "_ask", down)
        assert not worker.run_if_due()
    assert metrics(cloud)["errors"] == 1
    assert not worker.run_if_due()
    clock.now += RETRY_SECONDS + 1
    assert worker.run_if_due()
    assert metrics(cloud)["errors"] == 1


def call_during_next_run(monkeypatch: pytest.MonkeyPatch, function: Callable[[], None]) -> None:
    """Call a function once, in the middle of the next run."""
    original, pending = KeyspaceClient._ask, [function]

    def ask(self: KeyspaceClient, *arguments: object, **options: object) -> object:
        response: object = original(self, *arguments, **options)  # type: ignore[arg-type]  # passed on
        if pending:
            pending.pop()()
        return response

    monkeypatch.setattr(KeyspaceClient, "_ask", ask)


def test_a_second_worker_does_not_run_at_the_same_time(
    cloud: SteppedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_orphans(cloud)
    second: list[bool] = []
    worker = CollectorWorker(cloud.collector(), EVERY)
    call_during_next_run(monkeypatch, lambda: second.append(worker.run_if_due()))
    assert CollectorWorker(cloud.collector(), EVERY).run_if_due()
    assert second == [False]
    assert contents(cloud) == reachable(cloud)


def test_a_lease_from_before_a_clock_was_set_back_does_not_last(cloud: SteppedCloud) -> None:
    day = 86_400.0
    lease = {"holder": "killed", "until": time.time() + day + LEASE_SECONDS}
    cloud.records("gc").put(f"leases/{ALL_ACCOUNTS}", lease)
    create_orphans(cloud)
    cloud.collect()
    assert contents(cloud) == reachable(cloud)


def test_a_worker_that_was_suspended_notices_that_it_lost_the_lease(
    cloud: SteppedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_orphans(cloud)
    clock = ManualClock()
    slow, other = _with_clock(cloud, clock), cloud.collector()

    def sleep() -> None:
        cloud.expire_leases()
        other.run()
        clock.now += LEASE_SECONDS

    call_during_next_run(monkeypatch, sleep)
    with pytest.raises(LeaseLost):
        slow.run()
    assert contents(cloud) == reachable(cloud)


def _with_clock(cloud: SteppedCloud, clock: Callable[[], float]) -> Collector:
    real = cloud.collector()
    return Collector(real.services, real.auth, real.repository, real.grace, real.rest, clock)


def test_two_collectors_without_a_lease_free_everything_once(cloud: SteppedCloud) -> None:
    create_orphans(cloud)
    before, freed, barrier = cloud.stored_bytes(), [], threading.Barrier(2)

    def run() -> None:
        collector = cloud.collector()
        barrier.wait()
        freed.append(collector.run("local")["bytes"])

    def run_all() -> None:
        collector = cloud.collector()
        barrier.wait()
        freed.append(collector.run()["bytes"])  # takes another lease, so neither waits

    threads = [threading.Thread(target=work) for work in (run, run_all)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(freed) == before - cloud.stored_bytes()
    assert contents(cloud) == reachable(cloud)


def test_a_requested_run_ends_when_its_client_hangs_up(cloud: SteppedCloud) -> None:
    create_orphans(cloud)
    before, leases = contents(cloud), cloud.records("gc")
    is_running, may_go_on = threading.Event(), threading.Event()

    def pause(_: bool) -> None:
        if threading.current_thread().name.startswith("storage") and leases.list("leases/"):
            is_running.set()
            may_go_on.wait(SECONDS)

    async def hang_up() -> None:
        transport = AppTransport(lambda: cloud.apps["gc"])
        request = httpx.AsyncClient(transport=transport).post("http://gc/local/gc/run", json={})
        task = asyncio.ensure_future(request)
        assert await asyncio.to_thread(is_running.wait, SECONDS)
        task.cancel()
        may_go_on.set()
        await asyncio.to_thread(wait_until, lambda: not leases.list("leases/"), SECONDS)

    cloud.start(pause)
    asyncio.run(hang_up())
    assert contents(cloud) == before


@pytest.mark.parametrize("skew", [-SKEW, SKEW])
def test_a_collector_whose_clock_is_minutes_off_loses_nothing(cloud: SteppedCloud, skew: float) -> None:
    """If its clock is ahead it deletes what is being published, and the publisher starts again."""
    collector = _with_clock(cloud, lambda: time.time() + skew)
    for number in range(5):
        chunks = (b"again", b"%d" % number)
        cloud.upload(b"again")
        source = cloud.commit((b"again",))
        collector.run()  # between commit and publication
        if skew > 0:
            with pytest.raises(Exception, match="missing"):
                cloud.store("early", source)
        plot = cloud.publish("again", chunks)["id"]
        collector.run()
        assert cloud.read_plot(plot) == ("", chunks)
        cloud.delete_plot(plot)
    collector.run()
    assert (contents(cloud) == reachable(cloud)) == (skew > 0)
    cloud.collect()
    assert contents(cloud) == reachable(cloud)
