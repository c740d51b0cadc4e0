"""The worker: when it runs, what it tells, several of them at once, and clocks that do not agree."""

import threading
import time
from collections.abc import Callable

import pytest

from bokeh_common.errors import Unavailable
from bokeh_gc.collector import Collector
from bokeh_gc.gauges import gauges
from bokeh_gc.lease import SECONDS, Lost
from bokeh_gc.peers import Holdings
from bokeh_gc.worker import RETRY_SECONDS, Worker
from tests.garbage.driver import Cloud
from tests.garbage.reachable import contents, reachable

EVERY = 3600.0
SKEW = 600.0  # seconds between the clocks of machines


class Clock:
    """A clock that somebody sets."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def cloud(storage: str) -> Cloud:
    made = Cloud(storage)
    made.publish("kept", (b"kept",))
    return made


def orphaned(cloud: Cloud) -> None:
    plot = cloud.publish("gone", (b"gone",))
    cloud.ask("DELETE", f"/local/plots/{plot['id']}")


def metrics(cloud: Cloud) -> dict[str, float]:
    found = gauges(cloud.collector().records.report())
    return {name.removeprefix("bokeh_cloud_gc_"): value for (name, _), value in found.items()}


def test_it_runs_when_it_is_time_and_tells_what_it_did(cloud: Cloud) -> None:
    clock = Clock()
    worker = Worker(cloud.collector(), EVERY, clock)
    assert metrics(cloud) == {}
    orphaned(cloud)
    before = cloud.stored_bytes()
    assert worker.look()
    assert not worker.look()
    told = metrics(cloud)
    assert told["last_run_freed_bytes"] == told["freed_bytes"] == before - cloud.stored_bytes() > 0
    assert told["last_run_timestamp_seconds"] == clock.now
    assert told["last_run_freed"] > 1
    assert told["last_run_scanned"] > 10
    clock.now += EVERY + 1
    assert worker.look()
    assert metrics(cloud)["freed_bytes"] == told["freed_bytes"]
    assert metrics(cloud)["last_run_freed_bytes"] == 0


def test_an_error_is_counted_and_the_run_soon_done_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    worker = Worker(cloud.collector(), EVERY, clock)

    def down(*_: object, **__: object) -> None:
        raise Unavailable("The storage does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(Holdings, "_ask", down)
        assert not worker.look()
    assert metrics(cloud)["errors"] == 1
    assert not worker.look()
    clock.now += RETRY_SECONDS + 1
    assert worker.look()
    assert metrics(cloud)["errors"] == 1


def while_marking(monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Do something once, in the middle of the next run."""
    ask, left = Holdings._ask, [do]

    def asking(self: Holdings, *given: object, **how: object) -> object:
        answer: object = ask(self, *given, **how)  # type: ignore[arg-type]  # handed on
        if left:
            left.pop()()
        return answer

    monkeypatch.setattr(Holdings, "_ask", asking)


def test_a_second_worker_leaves_the_work_to_the_first(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    orphaned(cloud)
    second: list[bool] = []
    while_marking(monkeypatch, lambda: second.append(Worker(cloud.collector(), EVERY).look()))
    assert Worker(cloud.collector(), EVERY).look()
    assert second == [False]
    assert contents(cloud) == reachable(cloud)


def test_a_worker_that_was_away_too_long_finds_that_another_one_took_over(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphaned(cloud)
    clock = Clock()
    slow, other = _with_clock(cloud, clock), cloud.collector()

    def sleep() -> None:
        cloud.expire_leases()  # as time does
        other.run()
        clock.now += SECONDS

    while_marking(monkeypatch, sleep)
    with pytest.raises(Lost):
        slow.run()
    assert contents(cloud) == reachable(cloud)


def _with_clock(cloud: Cloud, clock: Callable[[], float]) -> Collector:
    made = cloud.collector()
    return Collector(made.services, made.auth, made.records, made.grace, made.rest, clock)


def test_two_at_once_without_a_lease_free_everything_once(cloud: Cloud) -> None:
    orphaned(cloud)
    before, freed, barrier = cloud.stored_bytes(), [], threading.Barrier(2)

    def run() -> None:
        collector = cloud.collector()
        barrier.wait()
        freed.append(collector.run("local")["bytes"])

    def run_all() -> None:
        collector = cloud.collector()
        barrier.wait()
        freed.append(collector.run()["bytes"])  # another lease: nobody waits

    threads = [threading.Thread(target=work) for work in (run, run_all)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(freed) == before - cloud.stored_bytes()
    assert contents(cloud) == reachable(cloud)


@pytest.mark.parametrize("skew", [-SKEW, SKEW])
def test_a_collector_whose_clock_is_minutes_off(cloud: Cloud, skew: float) -> None:
    """One ahead takes for old what is being published: the publisher begins again, and nothing is lost."""
    collector = _with_clock(cloud, lambda: time.time() + skew)
    for number in range(5):
        datas = (b"again", b"%d" % number)
        cloud.upload(b"again")
        source = cloud.commit((b"again",))
        collector.run()  # between commit and publication
        if skew > 0:
            with pytest.raises(Exception, match="missing"):
                cloud.store("early", source)
        made = cloud.publish("again", datas)
        collector.run()
        assert cloud.shown(made["id"]) == ("", datas)
        cloud.ask("DELETE", f"/local/plots/{made['id']}")
    collector.run()
    assert (contents(cloud) == reachable(cloud)) == (skew > 0)
    cloud.collect()
    assert contents(cloud) == reachable(cloud)
