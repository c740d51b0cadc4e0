"""`python -m tests.garbage.soak [SECONDS]`: people publish and delete while the garbage collector runs all
the time.

Eight publishers in two processes share their data, so that what one has just deleted another one publishes
again. Two collectors, which compress chunks, too, and put them back, run without a lease between them and
without any grace; they, and one of the publishers' processes, are killed now and then. In the end everything
has to be there that should be, and nothing else. With `WITHOUT=touch`, `etag` or `again` in the environment,
a piece of the proof is taken out (`mutations`), and the soak has to fail.
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
from bokeh_common.storage.testing.azure import connection_string
from bokeh_common.storage.testing.servers import azurite_server, redis_server
from bokeh_data.compressor import Compressor
from bokeh_data.forms import Forms
from bokeh_gc.fsck import Check
from bokeh_gc.peers import Holdings
from bokeh_gc.runs import Folder
from tests.garbage.driver import Cloud, Refused
from tests.garbage.mutations import mutate
from tests.garbage.reachable import contents, reachable

GRACE = 1.0  # seconds
THREADS = 4
POOL = [bytes([number]) * 5000 for number in range(12)]
ROUNDS_TO_VERIFY = 3


def publish(cloud: Cloud, name: str, until: float) -> int:
    """Publish and delete at random until a time, and look at what is there; return how often."""
    chance, rounds = random.Random(name), 0
    known: dict[str, tuple[str, tuple[str, tuple[bytes, ...]]]] = {}
    while time.time() < until:
        rounds += 1
        plot = f"{name}-{chance.randrange(3)}"
        if plot in known and chance.random() < 0.5:
            cloud.ask("DELETE", f"/local/plots/{known.pop(plot)[0]}")
            continue
        datas = tuple(chance.sample(POOL, chance.randrange(4)))
        text = chance.choice(["", "a", "b"])
        try:
            made = cloud.publish(plot, datas, text)
        except Refused as refusal:
            if not str(refusal).startswith(("422", "503")):
                raise
            continue  # the collector was faster, twenty times
        known[plot] = made["id"], (text, datas)
        for _ in range(ROUNDS_TO_VERIFY):
            some = chance.choice(list(known.values()))
            if (found := cloud.shown(some[0])) != some[1]:
                raise AssertionError(f"{some} shows {found}")
    return rounds


def publishers(url: str, part: str, number: str, seconds: float) -> None:
    """Run some publishers on threads; ends with an error if one of them does."""
    cloud, failures, rounds = Cloud(url, part, GRACE), [], []

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


def collect(url: str, part: str, seconds: float) -> None:
    """Collect garbage, and compress what is there, without a break."""
    cloud, until, freed, kept = Cloud(url, part, GRACE), time.time() + seconds, 0, 0
    forms, compressor = Forms(cloud.blobs("data")), Compressor(cloud.blobs("data"), page=1)
    after, compressed = "", 0
    while time.time() < until:
        with Folder() as folder:
            sweep = cloud.sweep(folder, time.time())
            sweep.mark()
            sweep.sweep()
            freed += sum(sweep.report.freed.values())
            kept += sweep.report.kept
        for data in POOL:
            with suppress(NotFound):
                forms.restored_view(blake3(data).hexdigest())
            progress = compressor.go_on(after, 0.0, time.time())
            compressed, after = compressed + progress.chunks, progress.after or ""
    print(
        f"collected {freed} things, left {kept} alone that came into use, compressed {compressed}", flush=True
    )


def soak(url: str, seconds: float) -> str:
    """Run all of them on a storage; return what they say. `AssertionError` when something is lost."""
    part, until, chance = os.urandom(4).hex(), time.time() + seconds, random.Random(1)
    Cloud(url, part)
    with tempfile.TemporaryFile("w+") as output:

        def start(what: str, *more: str) -> "subprocess.Popen[bytes]":
            command = [sys.executable, "-m", "tests.garbage.soak", what, url, part, *more]
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
        said = output.read()
    assert codes == [0, 0, 0, 0], said[-4000:]
    return f"{said}{kills} processes were killed; {verify(Cloud(url, part, GRACE))}"


def verify(cloud: Cloud) -> str:
    """Look at everything; return what was looked at."""
    holdings = Holdings({name: cloud.peer(name) for name in ("plots", "data")})
    findings = list(Check(holdings).run())
    assert not findings, findings
    plots = cloud.plots()
    for plot in plots.values():
        for version in range(1, plot["version"] + 1):
            cloud.shown(plot["id"], version)
    time.sleep(GRACE + 2)
    cloud.collect()
    assert contents(cloud) == reachable(cloud)
    return f"{len(plots)} plots are whole, fsck is clean, and nothing else is left"


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
    """Do one of the parts, or all."""
    mutate()
    match arguments:
        case ["publishers", url, part, number, seconds]:
            publishers(url, part, number, float(seconds))
        case ["collect", url, part, seconds]:
            collect(url, part, float(seconds))
        case [] | [_]:
            long = float(arguments[0]) if arguments else 600.0
            with storages() as urls:
                for name, url in urls.items():
                    print(f"{name}, {long:.0f} s:\n{soak(url, long)}", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CloudError as error:
        sys.exit(str(error))
