"""The race that matters: an old orphan comes into use again while the collector is at it.

The steps of the collector are done between any two operations of the publisher on the stores: in a sample
of all orders.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations_with_replacement
from random import Random

import pytest

from bokeh_common.storage.staged import StagedRecords
from bokeh_gc.rooms import ROOMS, Room
from bokeh_gc.runs import Folder
from bokeh_gc.sweep import Sweep
from tests.garbage.driver import Cloud
from tests.garbage.reachable import contents, reachable

DATAS = (b"first", b"second")
SAMPLE = 50

Steps = dict[int, Callable[[], None]]


class Meanwhile:
    """Does steps of the collector before given operations of the publisher."""

    def __init__(self) -> None:
        self.count = 0
        self.steps: list[tuple[int, Callable[[], None]]] = []
        self._busy = False

    def __call__(self, writing: bool) -> None:
        """Take note of an operation."""
        if self._busy:
            return
        self.count += 1
        self._busy = True
        try:
            while self.steps and self.steps[0][0] <= self.count:
                self.steps.pop(0)[1]()
        finally:
            self._busy = False

    def finish(self) -> None:
        """Do what is left."""
        self.count = 1 << 30
        self(False)


def orders(count: int) -> Iterator[tuple[int, ...]]:
    """Yield when to mark plots, mark the rest, mark again, and sweep: a sample of all ways."""
    ways = list(combinations_with_replacement(range(1, count + 2), 4))
    yield from ways if len(ways) <= SAMPLE else Random(1).sample(ways, SAMPLE)


def steps(sweep: Sweep, when: tuple[int, ...]) -> list[tuple[int, Callable[[], None]]]:
    """Return the steps of a run with the numbers of the operations that they are done before."""

    def mark(rooms: Sequence[Room]) -> None:
        for room in rooms:
            sweep._mark(room)

    def again() -> None:
        for room in ROOMS:
            sweep._mark_again(room)

    done = (lambda: mark(ROOMS[:1])), (lambda: mark(ROOMS[1:])), again, sweep.sweep
    return list(zip(when, done, strict=True))


def orphaned(cloud: Cloud) -> None:
    """Leave old orphans behind: all that a plot needs."""
    made = cloud.publish("old", DATAS, "text")
    cloud.ask("DELETE", f"/local/plots/{made['id']}")


def operations(url: str) -> int:
    """Count the operations on the stores that publishing again takes."""
    cloud, count = Cloud(url), Meanwhile()
    orphaned(cloud)
    cloud.start(count)
    cloud.publish("new", DATAS, "text")
    return count.count


def race(url: str, when: tuple[int, ...]) -> int:
    """Publish what is orphaned while the collector runs; return how many orphans it left alone."""
    cloud, meanwhile = Cloud(url), Meanwhile()
    orphaned(cloud)
    time.sleep(0.002)
    with Folder() as folder:
        cloud.start(meanwhile)
        sweep = cloud.sweep(folder, time.time() + 1)
        meanwhile.steps = steps(sweep, when)
        made = cloud.publish("new", DATAS, "text")
        meanwhile.finish()
        assert cloud.shown(made["id"]) == ("text", DATAS), when
        assert cloud.ask("GET", f"/local/plots/{made['id']}/data").json["sources"]
        with Folder() as later:
            last = cloud.sweep(later, time.time() + 1)
            last.mark()
            last.sweep()
        assert contents(cloud) == reachable(cloud), when
        return sweep.report.kept


def test_publishing_again_what_is_being_collected(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"local://{tmp_path_factory.mktemp('races')}"
    for when in orders(operations(url)):
        race(url, when)


def test_on_each_backend(storage_url: str) -> None:
    for when in list(orders(operations(storage_url)))[:4]:
        race(storage_url, when)


def loses(url: str) -> bool:
    """Tell whether something is lost in any of the orders."""
    for when in orders(operations(url)):
        try:
            race(url, when)
        except Exception:  # noqa: BLE001 - however it shows, it is lost
            return True
    return False


def test_these_tests_see_a_writer_that_does_not_touch(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hasty(self: StagedRecords, key: str, value: object, if_match: str, *_: object) -> str:
        return self.put(key, value, if_match)

    monkeypatch.setattr(StagedRecords, "put_referring", hasty)
    assert loses(f"local://{tmp_path_factory.mktemp('races')}")


def test_these_tests_see_a_collector_that_does_not_look_at_etags(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bokeh_common.storage.base._discarded", lambda store, key, _: store.delete(key) is None
    )
    assert loses(f"local://{tmp_path_factory.mktemp('races')}")


def test_these_tests_see_a_collector_that_marks_once(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sweep, "_mark_again", lambda *_: None)
    assert loses(f"local://{tmp_path_factory.mktemp('races')}")
