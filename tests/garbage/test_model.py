"""Random sequences of requests and runs of the collector, with crashes between any two writes.

After each step everything that is reachable is stored; after a complete run of the collector nothing else is.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.garbage.driver import RequestRejected, SteppedCloud
from tests.garbage.reachable import contents, reachable
from tests.support.simulated_crash import SimulatedCrash

NAMES = st.sampled_from(["a", "b"])
CHUNKS = st.lists(st.sampled_from([b"one", b"two", b"three"]), max_size=2, unique=True).map(tuple)
STRINGS = st.sampled_from(["", "text"])
WRITES = st.integers(0, 30)

#: The text and the chunks of a version of a plot.
PlotContents = tuple[str, tuple[bytes, ...]]


class CloudInUse(RuleBasedStateMachine):
    """A cloud, and the contents that each version of its plots must have."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.cloud = SteppedCloud(self.url)
        self.versions: dict[str, list[PlotContents | None]] = {}  # None for versions that were deleted
        self.sources: dict[tuple[bytes, ...], Any] = {}

    @rule(name=NAMES, chunks=CHUNKS, text=STRINGS)
    def publish(self, name: str, chunks: tuple[bytes, ...], text: str) -> None:
        self.cloud.publish(name, chunks, text)
        self._add_version(name, (text, chunks))

    @rule(name=NAMES, chunks=CHUNKS, text=STRINGS, writes=WRITES)
    def publish_and_crash(self, name: str, chunks: tuple[bytes, ...], text: str, writes: int) -> None:
        with self._crash_after(writes):
            self.cloud.publish(name, chunks, text)
        plot = self.cloud.plots().get(name)
        if plot and (name not in self.versions or plot["version"] > len(self.versions[name])):
            self._add_version(name, (text, chunks))

    @rule(data=st.sampled_from([b"one", b"two", b"three"]))
    def upload(self, data: bytes) -> None:
        self.cloud.upload(data)

    @rule(chunks=CHUNKS)
    def commit(self, chunks: tuple[bytes, ...]) -> None:
        try:
            self.sources[chunks] = self.cloud.commit(chunks)
        except RequestRejected as rejection:
            if "missing-chunks" not in str(rejection):
                raise

    @precondition(lambda self: self.sources)
    @rule(name=NAMES, text=STRINGS, choice=st.randoms(use_true_random=False))
    def store(self, name: str, text: str, choice: Any) -> None:
        chunks = choice.choice(sorted(self.sources))
        try:
            self.cloud.store(name, self.sources[chunks], text)
        except RequestRejected as rejection:
            if "missing-source" not in str(rejection) and "missing-columns" not in str(rejection):
                raise
        else:
            self._add_version(name, (text, chunks))

    @precondition(lambda self: self.versions)
    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if name in self.versions:
            self.cloud.delete_plot(self.cloud.plots()[name]["id"])
            del self.versions[name]

    @precondition(lambda self: self.versions)
    @rule(name=NAMES, writes=WRITES)
    def delete_and_crash(self, name: str, writes: int) -> None:
        if name in self.versions:
            with self._crash_after(writes):
                self.cloud.delete_plot(self.cloud.plots()[name]["id"])
            if name not in self.cloud.plots():
                del self.versions[name]

    @precondition(lambda self: self.versions)
    @rule(name=NAMES, version=st.integers(1, 3))
    def roll_back(self, name: str, version: int) -> None:
        if contents := self._contents(name, version):
            plot = self.cloud.plots()[name]["id"]
            self.cloud.request("POST", f"/local/plots/{plot}/rollback", json={"version": version})
            self._add_version(name, contents)

    @precondition(lambda self: self.versions)
    @rule(name=NAMES, version=st.integers(1, 3), writes=WRITES)
    def delete_version_and_crash(self, name: str, version: int, writes: int) -> None:
        if self._contents(name, version) and version < len(self.versions[name]):
            plot = self.cloud.plots()[name]["id"]
            with self._crash_after(writes):
                self.cloud.request("DELETE", f"/local/plots/{plot}/versions/{version}")
            if version not in self.cloud.versions(plot):
                self.versions[name][version - 1] = None

    @rule(writes=WRITES)
    def collect_and_crash(self, writes: int) -> None:
        with self._crash_after(writes):
            self.cloud.request("POST", "/local/gc/run", json={})

    @rule()
    def collect(self) -> None:
        time.sleep(0.002)
        before, dry = self.cloud.stored_bytes(), self.cloud.collect(dry_run=True)
        report = self.cloud.collect()
        assert before - self.cloud.stored_bytes() == report["bytes"] == dry["bytes"]
        assert report["freed"] == dry["freed"]
        assert contents(self.cloud) == reachable(self.cloud)

    @invariant()
    def all_versions_can_be_read(self) -> None:
        plots = self.cloud.plots()
        assert {name: plot["version"] for name, plot in plots.items()} == {
            name: len(versions) for name, versions in self.versions.items()
        }
        for name, versions in self.versions.items():
            kept = [number for number, expected in enumerate(versions, 1) if expected]
            assert self.cloud.versions(plots[name]["id"]) == kept
            for number in kept:
                assert self.cloud.read_plot(plots[name]["id"], number) == versions[number - 1]

    def _contents(self, name: str, version: int) -> PlotContents | None:
        """Return the contents of a version; None if there is none, or if it was deleted."""
        versions = self.versions.get(name, ())
        return versions[version - 1] if len(versions) >= version else None

    def _add_version(self, name: str, contents: PlotContents) -> None:
        versions = self.versions.setdefault(name, [])
        if not versions or versions[-1] != contents:
            versions.append(contents)

    @contextmanager
    def _crash_after(self, writes: int) -> Iterator[None]:
        """Crash after some writes of the block, and start the services again."""
        self.cloud.crash.left = writes
        try:
            with suppress(SimulatedCrash):
                yield
        finally:
            self.cloud.start()
            self.cloud.expire_leases()


def test_nothing_is_lost_and_no_garbage_is_left(storage_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)  # crashes are those of processes, not of the machine

    class Machine(CloudInUse):
        url = storage_url

    examples, steps = (15, 20) if storage_url.startswith("local") else (4, 10)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=checks,
            phases=[Phase.generate],  # shrinking would take too long
        ),
    )
