"""The decisive race of garbage collection: old orphans come into use again while the collector runs.

The steps of the collector are executed between the publisher's operations on the stores, in a sample of all
possible schedules.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations_with_replacement
from random import Random

import pytest

from bokeh_gc.collection.external_sort import SortedStreams
from bokeh_gc.collection.mark_and_sweep import MarkAndSweep
from bokeh_gc.keyspaces import KEYSPACES, KeyspaceSpec
from tests.garbage.driver import SteppedCloud
from tests.garbage.mutations import MUTATIONS
from tests.garbage.reachable import contents, reachable

CHUNKS = (b"first", b"second")
SAMPLE = 50


class Interleaving:
    """A hook that executes steps of the collector before given operations of the publisher."""

    def __init__(self) -> None:
        self.count = 0
        self.steps: list[tuple[int, Callable[[], None]]] = []
        self._busy = False

    def __call__(self, writing: bool) -> None:
        """Count an operation, and execute the steps that are due before it."""
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
        """Execute the remaining steps."""
        self.count = 1 << 30
        self(False)


def schedules(count: int) -> Iterator[tuple[int, ...]]:
    """Yield before which of `count` operations to mark plots, mark the rest, mark again, and sweep."""
    found = list(combinations_with_replacement(range(1, count + 2), 4))
    yield from found if len(found) <= SAMPLE else Random(1).sample(found, SAMPLE)


def collector_steps(run: MarkAndSweep, schedule: tuple[int, ...]) -> list[tuple[int, Callable[[], None]]]:
    """Return the steps of a run, each with the number of the operation that it precedes."""

    def mark(keyspaces: Sequence[KeyspaceSpec]) -> None:
        for keyspace in keyspaces:
            run._mark(keyspace)

    def mark_again() -> None:
        for keyspace in KEYSPACES:
            run._mark_again(keyspace)

    steps = (lambda: mark(KEYSPACES[:1])), (lambda: mark(KEYSPACES[1:])), mark_again, run.sweep
    return list(zip(schedule, steps, strict=True))


def create_orphans(cloud: SteppedCloud) -> None:
    """Publish a plot and delete it, so that everything that it referred to is orphaned."""
    cloud.delete_plot(cloud.publish("old", CHUNKS, "text")["id"])


def count_operations(url: str) -> int:
    """Return how many operations on the stores it takes to publish again."""
    cloud, counter = SteppedCloud(url), Interleaving()
    create_orphans(cloud)
    cloud.start(counter)
    cloud.publish("new", CHUNKS, "text")
    return counter.count


def race(url: str, schedule: tuple[int, ...]) -> None:
    """Publish orphaned data again while the collector runs, and check that nothing is lost or left."""
    cloud, interleaving = SteppedCloud(url), Interleaving()
    create_orphans(cloud)
    time.sleep(0.002)
    with SortedStreams() as streams:
        cloud.start(interleaving)
        interleaving.steps = collector_steps(cloud.mark_and_sweep(streams, time.time() + 1), schedule)
        plot = cloud.publish("new", CHUNKS, "text")["id"]
        interleaving.finish()
        assert cloud.read_plot(plot) == ("text", CHUNKS), schedule
        assert cloud.request("GET", f"/local/plots/{plot}/data").json["sources"]
        with SortedStreams() as last_streams:
            last_run = cloud.mark_and_sweep(last_streams, time.time() + 1)
            last_run.mark()
            last_run.sweep()
        assert contents(cloud) == reachable(cloud), schedule


def test_publishing_during_a_collection_loses_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"local://{tmp_path_factory.mktemp('races')}"
    for schedule in schedules(count_operations(url)):
        race(url, schedule)


def test_publishing_during_a_collection_loses_nothing_on_each_backend(storage_url: str) -> None:
    for schedule in list(schedules(count_operations(storage_url)))[:4]:
        race(storage_url, schedule)


def loses_data(url: str) -> bool:
    """Tell whether the race fails with any of the schedules."""
    for schedule in schedules(count_operations(url)):
        try:
            race(url, schedule)
        except Exception:  # noqa: BLE001 - a loss can show as any error
            return True
    return False


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_race_fails_if_a_step_of_the_proof_is_missing(
    mutation: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    MUTATIONS[mutation](monkeypatch.setattr)
    assert loses_data(f"local://{tmp_path_factory.mktemp('races')}")
