"""Publishes and deletes plots while the garbage collector runs all the time.

Usage: `python -m tests.garbage.soak [SECONDS]`.

Eight publishers in two processes share their data, so that one publishes again what another has just deleted.
Two collectors, which also compress and restore chunks, run without a lease and with almost no grace period.
The collectors and one of the publishers' processes are killed now and then. At the end everything that is
reachable must be stored, and nothing else. If the environment variable `WITHOUT` is `touch`, `etag` or
`again`, a step of the proof is removed (see `mutations`), and the soak must fail.
"""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from blake3 import blake3

from bokeh_common.errors import CloudError, NotFound
from bokeh_common.storage.testing.servers.azure import connection_string
from bokeh_common.storage.testing.servers.processes import azurite_server, redis_server
from bokeh_data.storage.chunk_store import ChunkStore
from bokeh_data.storage.compressor import Compressor
from bokeh_gc.collection.external_sort import SortedStreams
from bokeh_gc.fsck import StorageCheck
from tests.garbage.driver import RequestRejected, SteppedCloud
from tests.garbage.mutations import mutate
from tests.garbage.reachable import contents, reachable

GRACE = 1.0  # second
THREADS = 4
POOL = [bytes([number]) * 5000 for number in range(12)]
READS_PER_ROUND = 3


def publish(cloud: SteppedCloud, name: str, until: float) -> int:
    """Publish, delete and read plots at random until a time; return how often.

    Raises:
        AssertionError: a plot does not have the contents that were published.
    """
    chance, rounds = random.Random(name), 0
    known: dict[str, tuple[str, tuple[str, tuple[bytes, ...]]]] = {}
    while time.time() < until:
        rounds += 1
        plot = f"{name}-{chance.randrange(3)}"
        if plot in known and chance.random() < 0.5:
            cloud.delete_plot(known.pop(plot)[0])
            continue
        chunks = tuple(chance.sample(POOL, chance.randrange(4)))
        text = chance.choice(["", "a", "b"])
        try:
            published = cloud.publish(plot, chunks, text)
        except RequestRejected as rejection:
            if not str(rejection).startswith(("422", "503")):
                raise
            continue  # the data was collected at each attempt
        known[plot] = published["id"], (text, chunks)
        for _ in range(READS_PER_ROUND):
            plot_id, expected = chance.choice(list(known.values()))
            if (found := cloud.read_plot(plot_id)) != expected:
                raise AssertionError(f"{plot_id} has {found} instead of {expected}")
    return rounds


def publishers(url: str, suffix: str, number: str, seconds: float) -> None:
    """Run publishers on threads; exit with 1 if one of them fails."""
    cloud, failures, rounds = SteppedCloud(url, suffix, GRACE), [], []

    def work(thread: int) -> None:
        try:
            rounds.append(publish(cloud, f"p{number}-{thread}", time.time() + seconds))
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"published or deleted {sum(rounds)} times", flush=True)
    sys.exit(1 if failures else 0)


def collect(url: str, suffix: str, seconds: float) -> None:
    """Collect garbage, and compress and restore chunks, without a break."""
    cloud, until, freed, kept = SteppedCloud(url, suffix, GRACE), time.time() + seconds, 0, 0
    chunks, compressor = ChunkStore(cloud.blobs("data")), Compressor(cloud.blobs("data"), page=1)
    after, compressed = "", 0
    while time.time() < until:
        with SortedStreams() as streams:
            run = cloud.mark_and_sweep(streams, time.time())
            run.mark()
            run.sweep()
            freed += sum(run.report.freed.values())
            kept += run.report.kept
        for data in POOL:
            with suppress(NotFound):
                chunks.view_restored(blake3(data).hexdigest())
            progress = compressor.run(after, 0.0, time.time())
            compressed, after = compressed + progress.chunks, progress.after or ""
    print(
        f"collected {freed} objects, kept {kept} that came into use, compressed {compressed} chunks",
        flush=True,
    )


def soak(url: str, seconds: float) -> str:
    """Run publishers and collectors on a storage; return a summary.

    Raises:
        AssertionError: a process failed, something is lost, or garbage is left.
    """
    suffix, until, chance = os.urandom(4).hex(), time.time() + seconds, random.Random(1)
    SteppedCloud(url, suffix)
    with tempfile.TemporaryFile("w+") as output:

        def start(role: str, *arguments: str) -> "subprocess.Popen[bytes]":
            command = [sys.executable, "-m", "tests.garbage.soak", role, url, suffix, *arguments]
            return subprocess.Popen([*command, str(until - time.time())], stdout=output, stderr=output)

        steady, killed = start("publishers", "1"), start("publishers", "2")
        collectors, kills = [start("collect") for _ in range(2)], 0
        while time.time() < until - 5:
            time.sleep(chance.uniform(1, 4))
            victim = chance.randrange(4)
            if victim < 2:
                collectors[victim].kill()
                collectors[victim].wait()
                collectors[victim] = start("collect")
            elif victim == 2:
                killed.kill()
                killed.wait()
                killed = start("publishers", str(2 + kills))
            kills += victim < 3
        codes = [process.wait(timeout=120) for process in (steady, killed, *collectors)]
        output.seek(0)
        printed = output.read()
    assert codes == [0, 0, 0, 0], printed[-4000:]
    return f"{printed}{kills} processes were killed; {verify(SteppedCloud(url, suffix, GRACE))}"


def verify(cloud: SteppedCloud) -> str:
    """Check everything that is stored; return a summary."""
    findings = list(StorageCheck(cloud.keyspace_client()).run())
    assert not findings, findings
    plots = cloud.plots()
    for plot in plots.values():
        for version in range(1, plot["version"] + 1):
            cloud.read_plot(plot["id"], version)
    time.sleep(GRACE + 2)
    cloud.collect()
    assert contents(cloud) == reachable(cloud)
    return f"{len(plots)} plots are complete, fsck finds nothing, and no garbage is left"


@contextmanager
def storages() -> Iterator[dict[str, str]]:
    """Start a Redis and an Azurite; yield their URLs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        redis, azurite = redis_server(folder / "redis"), azurite_server(folder / "azurite")
        stack.callback(redis.stop)
        stack.callback(azurite.stop)
        os.environ["AZURE_STORAGE_CONNECTION_STRING"] = connection_string(azurite.port)
        yield {"Redis": f"redis://127.0.0.1:{redis.port}/0", "Azurite": "azure://soak"}


def main(arguments: list[str]) -> None:
    """Run one of the roles, or the whole soak on each storage."""
    mutate()
    match arguments:
        case ["publishers", url, suffix, number, seconds]:
            publishers(url, suffix, number, float(seconds))
        case ["collect", url, suffix, seconds]:
            collect(url, suffix, float(seconds))
        case [] | [_]:
            duration = float(arguments[0]) if arguments else 600.0
            with storages() as urls:
                for name, url in urls.items():
                    print(f"{name}, {duration:.0f} s:\n{soak(url, duration)}", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CloudError as error:
        sys.exit(str(error))
