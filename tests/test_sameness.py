"""Nothing tells what others have: neither answers, nor the work that they take, nor, so, their time."""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import embedded
from bokeh_auth.credentials import new_secret
from bokeh_common.http.limits import Limit
from bokeh_common.storage import RecordStore, open_records
from tests.accounts import Cloud

UNREAL = "a" * 16
ROUNDS = 100


class Work:
    """What was asked of the storage: the operation, and which kind of record it was for."""

    def __init__(self) -> None:
        self.done: Counter[tuple[str, str, str]] = Counter()

    def watch(self, namespace: str, store: RecordStore) -> RecordStore:
        return Watched(self, namespace, store)  # type: ignore[return-value]  # it has all that a store has


class Watched:
    """A store whose operations are counted."""

    def __init__(self, work: Work, namespace: str, store: RecordStore) -> None:
        self._work = work
        self._namespace = namespace
        self._store = store

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        if not callable(real):
            return real

        def counted(key: str = "", *args: Any, **how: Any) -> Any:
            self._work.done[self._namespace, name, key.partition("/")[0]] += 1
            return real(key, *args, **how)

        return counted


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    monkeypatch.setattr(
        embedded, "open_records", lambda url, namespace: work.watch(namespace, open_records(url, namespace))
    )
    # The thread that sends mail works beside the requests; it is not what they wait for.
    monkeypatch.setattr("bokeh_auth.worker.Worker.start", lambda self: None)
    return work


@pytest.fixture
def cloud(work: Work, storage: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name in ("MAILS_PER_PAIR", "MAILS_PER_ADDRESS"):
        monkeypatch.setattr(f"bokeh_auth.limits.{name}", Limit(name, 100_000, 3600))
    return Cloud(storage, tmp_path / "outbox", mails=100_000, wrong_keys=100_000)


def seen(work: Work, ask: Callable[[], Any]) -> tuple[Any, ...]:
    """Return what there is to see of a request: its answer, and the work behind it."""
    ask()  # the first one of a key notes its use
    work.done.clear()
    answer = ask()
    headers = {name: value for name, value in answer.headers.items() if name not in CHANGING}
    return answer.status_code, answer.text, headers, dict(work.done)


#: What differs from one request to the next one, whatever is asked.
CHANGING = {"x-request-id", "ratelimit"}


def post(cloud: Cloud, path: str, **body: str) -> Callable[[], Any]:
    return lambda: cloud.ask("POST", path, None, json=body)


def test_asking_for_a_link(cloud: Cloud, work: Work) -> None:
    cloud.domain.accounts.create("carol@example.com", "carol")
    cloud.domain.accounts.change("carol", disabled=True)
    registrations = [
        ("new@example.com", "newcomer"),
        ("ada@example.com", "newcomer"),  # a known address
        ("new@example.com", "ada"),  # a taken name
        ("ada@example.com", "ada"),
        ("new@example.com", "acla"),  # one that looks like a taken one
        ("carol@example.com", "newcomer"),  # a disabled account
    ]
    found = [seen(work, post(cloud, "/register", email=e, username=n)) for e, n in registrations]
    assert found[0][0] == 202
    assert found[0][3] == {("auth", "put", "outbox"): 1}
    assert all(other == found[0] for other in found)
    addresses = ("new@example.com", "ada@example.com", "carol@example.com", "ADA@example.com")
    logins = [seen(work, post(cloud, "/login", email=address)) for address in addresses]
    assert logins[0][0] == 202
    assert all(other == logins[0] for other in logins)


@pytest.mark.parametrize("who", ["ada", "nobody"])
def test_things_of_others(cloud: Cloud, work: Work, who: str) -> None:
    bobs = cloud.key("bob")
    plot, source = cloud.publish("bob", bobs, "one"), cloud.upload("bob", bobs, b"12345678")
    column = cloud.ask("GET", "/bob/data", bobs).json["sources"][0]["columns"]["x"]["hash"]
    [name] = [key.id for key in cloud.domain.keys.page("bob", "", 1)]
    key = cloud.key("ada") if who == "ada" else None
    pairs = [
        *[(f"/bob/{path}", f"/nobody/{path}") for path in ("keys", "plots", "data", "account", "audit")],
        *[(f"/plots/{plot}/{page}", f"/plots/{UNREAL}/{page}") for page in ("show", "embed")],
        *[
            (f"/bob/plots/{plot}{rest}", f"/bob/plots/{UNREAL}{rest}")
            for rest in ("", "/scene", "/data", "/versions", "/shares")
        ],
        (f"/bob/plots/{plot}", f"/nobody/plots/{UNREAL}"),
        (f"/bob/keys/{name}", f"/bob/keys/{'0' * 16}"),
        (f"/bob/data/{source}", f"/bob/data/{'a' * 26}"),
        (f"/bob/data/columns/{column}", f"/bob/data/columns/{'0' * 64}"),
        (f"/bob/objects/{plot}.p1", f"/bob/objects/{UNREAL}.p1"),
    ]
    for real, unreal in pairs:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            mine = [seen(work, partial(cloud.ask, method, path, key, json={})) for path in (real, unreal)]
            assert mine[0] == mine[1], (method, real, unreal)
            assert mine[0][0] in {401, 404, 405}, (method, real)


def test_a_share_link_tells_nothing_of_other_plots(cloud: Cloud, work: Work) -> None:
    bobs = cloud.key("bob")
    shared, other = cloud.publish("bob", bobs, "shared"), cloud.publish("bob", bobs, "other")
    _, share = cloud.domain.shares.make("bob", shared, None, [])
    for path in ("/bob/plots/{}", "/bob/plots/{}/scene", "/plots/{}/show", "/plots/{}/embed"):
        assert cloud.ask("GET", path.format(shared), share).status_code == 200
        asks = [partial(cloud.ask, "GET", path.format(plot), share) for plot in (other, UNREAL)]
        found = [seen(work, ask) for ask in asks]
        assert found[0] == found[1], path
        assert found[0][0] == 404


def test_wrong_keys_are_all_the_same(cloud: Cloud, work: Work) -> None:
    """Who tries keys sees no difference between one that never was, and one that is revoked."""
    revoked = cloud.key("ada")
    [listed] = cloud.domain.keys.page("ada", "", 10)
    cloud.domain.keys.revoke("ada", listed.id)
    tokens = (new_secret("bkp_"), revoked)
    found = [seen(work, partial(cloud.ask, "GET", "/whoami", token)) for token in tokens]
    assert found[0] == found[1]
    assert found[0][0] == 401


def test_the_time_of_asking(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """The same by the clock, taken in turns: medians differ by less than requests of one kind do."""
    emails = {"known": "ada@example.com", "unknown": "nobody@example.com"}
    times: dict[str, list[float]] = {name: [] for name in emails}
    for _ in range(ROUNDS):
        for name, email in emails.items():
            start = time.perf_counter()
            assert cloud.ask("POST", "/login", None, json={"email": email}).status_code == 202
            times[name].append((time.perf_counter() - start) * 1000)
    known, unknown = (statistics.median(times[name]) for name in emails)
    low, *_, high = statistics.quantiles(times["known"] + times["unknown"], n=10)
    with capsys.disabled():
        print(f" known {known:.2f} ms, unknown {unknown:.2f} ms; deciles {low:.2f} to {high:.2f} ms")
    assert abs(known - unknown) < max(high - low, 2)
