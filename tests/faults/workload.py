"""The workload: clients that publish, append, collect garbage and request mail until they are stopped."""

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.faults.ledger import FaultyCaller, Ledger, NotAcknowledged, PublishedVersion
from tests.integration.test_api_spec.caller import publication
from tests.support.waiting import wait_until

PAUSE = 0.05  # seconds between the steps of a client
REST_SECONDS = 1.0  # between runs of the garbage collector
NAMES = 3  # plots of a publisher
PROGRESS_SECONDS = 60

#: What clients do all the time; a run of the garbage collector takes longer.
WRITES = ("versions", "rows", "mails")

#: A client, whose steps are numbered from 0.
Step = Callable[[int], None]


def publisher(caller: FaultyCaller, ledger: Ledger) -> Step:
    """Publish versions of a few plots, each with values of its own."""
    mark = secrets.token_hex(4)

    def publish(number: int) -> None:
        values, text = (float(number), float(int(mark, 16))), f"{mark} {number}"
        source = caller.source(*values)
        body = publication(f"plot {mark} {number % NAMES}", source, text)
        plot = caller.ok("POST", "/{user}/store", json=body)
        ledger.versions.append(PublishedVersion(plot["id"], plot["version"], text, values))

    return publish


def appender(caller: FaultyCaller, ledger: Ledger, source: str) -> Step:
    """Append rows one by one; a row that was not acknowledged is sent again with the same key."""
    own, mark = ledger.rows.setdefault(source, []), secrets.token_hex(4)

    def append(_: int) -> None:
        value = float(len(own) + 1)
        key = {"Idempotency-Key": f"{mark}-{value}"}
        path = f"/{{user}}/data/{source}/rows"
        caller.ok("POST", path, headers=key, json={"rows": {"y": [value]}})
        own.append(value)

    return append


def collector(caller: FaultyCaller, ledger: Ledger) -> Step:
    """Publish a plot, delete it, and collect the garbage that it leaves."""
    mark, rests_until = secrets.token_hex(4), 0.0

    def collect(number: int) -> None:
        nonlocal rests_until
        if time.monotonic() < rests_until:
            return
        plot = caller.plot(f"gone {mark} {number}", float(number), 0.5)
        caller.ok("DELETE", f"/{{user}}/plots/{plot['id']}")
        caller.ok("POST", "/{user}/gc/run", json={})
        ledger.runs += 1
        rests_until = time.monotonic() + REST_SECONDS

    return collect


def mailer(caller: FaultyCaller, ledger: Ledger) -> Step:
    """Request confirmation mails for addresses that have no account yet."""
    mark = secrets.token_hex(4)
    headers = {"Origin": caller.url, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}

    def register(number: int) -> None:
        name = f"m{mark}{number}"
        form = {"email": f"{name}@example.com", "username": name}
        visitor = FaultyCaller(caller.url)
        response = visitor("POST", "/register", headers=headers, data=form)
        assert response.status_code == 202, (response.status_code, response.text[:300])
        ledger.mails.append(form["email"])

    return register


class Workload:
    """Clients, each in a thread of its own."""

    def __init__(self, ledger: Ledger, steps: list[Step]) -> None:
        self.ledger = ledger
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(step,)) for step in steps]

    def start(self) -> None:
        """Start the clients."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the clients, and wait for their requests."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait_for_progress(self, *kinds: str) -> None:
        """Wait until more of these kinds has been acknowledged than before the call."""
        before = self.ledger.acknowledged()
        chosen = kinds or WRITES

        def has_progressed() -> bool:
            now = self.ledger.acknowledged()
            return bool(self.ledger.failures) or all(now[kind] > before[kind] for kind in chosen)

        wait_until(has_progressed, PROGRESS_SECONDS)

    def _run(self, step: Step) -> None:
        for number in itertools.count():
            if self._ended.wait(PAUSE):
                return
            try:
                step(number)
            except NotAcknowledged as refused:
                self.ledger.refused[str(refused)[:80]] += 1
            except Exception as error:  # noqa: BLE001  # the test reports it
                self.ledger.failures.append(repr(error))
                time.sleep(PAUSE)


@contextmanager
def running_workload(ledger: Ledger, *steps: Step, kinds: Sequence[str] = WRITES) -> Iterator[Workload]:
    """Run clients during the block, which starts when something of each of these kinds was acknowledged.

    At the end, every response was a success or an outage.
    """
    workload = Workload(ledger, list(steps))
    workload.start()
    try:
        workload.wait_for_progress(*kinds)
        yield workload
    finally:
        workload.stop()
    assert not ledger.failures, ledger.failures[:5]
