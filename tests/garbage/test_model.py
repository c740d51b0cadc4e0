"""Random sequences of what people and the collector do, with crashes between any two writes.

After each of them all that is reachable is there; after a run that is not cut short, nothing else is.
"""

import time
from contextlib import suppress
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.garbage.driver import Cloud, Refused
from tests.garbage.reachable import contents, reachable
from tests.garbage.stores import Crash, Fuse

NAMES = st.sampled_from(["a", "b"])
DATAS = st.lists(st.sampled_from([b"one", b"two", b"three"]), max_size=2, unique=True).map(tuple)
TEXTS = st.sampled_from(["", "text"])
WRITES = st.integers(0, 30)

Shown = tuple[str, tuple[bytes, ...]]


class CloudInUse(RuleBasedStateMachine):
    """A cloud, and what its plots show."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.cloud = Cloud(self.url)
        self.shown: dict[str, list[Shown]] = {}
        self.sources: dict[tuple[bytes, ...], Any] = {}

    @rule(name=NAMES, datas=DATAS, text=TEXTS)
    def publish(self, name: str, datas: tuple[bytes, ...], text: str) -> None:
        self.cloud.publish(name, datas, text)
        self._note(name, (text, datas))

    @rule(name=NAMES, datas=DATAS, text=TEXTS, writes=WRITES)
    def publish_and_crash(self, name: str, datas: tuple[bytes, ...], text: str, writes: int) -> None:
        with self._crashing(writes):
            self.cloud.publish(name, datas, text)
        plot = self.cloud.plots().get(name)
        if plot and (name not in self.shown or plot["version"] > len(self.shown[name])):
            self._note(name, (text, datas))

    @rule(data=st.sampled_from([b"one", b"two", b"three"]))
    def upload(self, data: bytes) -> None:
        self.cloud.upload(data)

    @rule(datas=DATAS)
    def commit(self, datas: tuple[bytes, ...]) -> None:
        try:
            self.sources[datas] = self.cloud.commit(datas)
        except Refused as refusal:
            if "missing-chunks" not in str(refusal):
                raise

    @precondition(lambda self: self.sources)
    @rule(name=NAMES, text=TEXTS, choice=st.randoms(use_true_random=False))
    def store(self, name: str, text: str, choice: Any) -> None:
        datas = choice.choice(sorted(self.sources))
        try:
            self.cloud.store(name, self.sources[datas], text)
        except Refused as refusal:
            if "missing-source" not in str(refusal) and "missing-columns" not in str(refusal):
                raise
        else:
            self._note(name, (text, datas))

    @precondition(lambda self: self.shown)
    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if name in self.shown:
            self.cloud.ask("DELETE", f"/local/plots/{self.cloud.plots()[name]['id']}")
            del self.shown[name]

    @precondition(lambda self: self.shown)
    @rule(name=NAMES, writes=WRITES)
    def delete_and_crash(self, name: str, writes: int) -> None:
        if name in self.shown:
            with self._crashing(writes):
                self.cloud.ask("DELETE", f"/local/plots/{self.cloud.plots()[name]['id']}")
            if name not in self.cloud.plots():
                del self.shown[name]

    @precondition(lambda self: self.shown)
    @rule(name=NAMES, version=st.integers(1, 3))
    def roll_back(self, name: str, version: int) -> None:
        if len(self.shown.get(name, ())) >= version:
            plot = self.cloud.plots()[name]["id"]
            self.cloud.ask("POST", f"/local/plots/{plot}/rollback", json={"version": version})
            self._note(name, self.shown[name][version - 1])

    @rule(writes=WRITES)
    def collect_and_crash(self, writes: int) -> None:
        with self._crashing(writes):
            self.cloud.ask("POST", "/local/gc/run", json={})

    @rule()
    def collect(self) -> None:
        time.sleep(0.002)
        before, told = self.cloud.stored_bytes(), self.cloud.collect(dry_run=True)
        done = self.cloud.collect()
        assert before - self.cloud.stored_bytes() == done["bytes"] == told["bytes"]
        assert done["freed"] == told["freed"]
        assert contents(self.cloud) == reachable(self.cloud)

    @invariant()
    def everything_reachable_is_there(self) -> None:
        plots = self.cloud.plots()
        assert {name: plot["version"] for name, plot in plots.items()} == {
            name: len(versions) for name, versions in self.shown.items()
        }
        for name, versions in self.shown.items():
            for number, shown in enumerate(versions, 1):
                assert self.cloud.shown(plots[name]["id"], number) == shown

    def _note(self, name: str, shown: Shown) -> None:
        versions = self.shown.setdefault(name, [])
        if not versions or versions[-1] != shown:
            versions.append(shown)

    def _crashing(self, writes: int) -> Any:
        machine = self

        class Crashing(suppress):
            def __enter__(self) -> None:
                machine.cloud.start(Fuse(writes))

            def __exit__(self, *error: Any) -> bool:
                machine.cloud.start(Fuse())
                machine.cloud.expire_leases()
                return super().__exit__(*error)

        return Crashing(Crash)


def test_nothing_is_lost_and_nothing_is_left(storage_url: str) -> None:
    class Machine(CloudInUse):
        url = storage_url

    examples, steps = (15, 20) if storage_url.startswith("local") else (4, 10)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=checks,
            phases=[Phase.generate],  # a run takes too long for making it shorter
        ),
    )
