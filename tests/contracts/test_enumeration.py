"""Neither responses nor the work behind them, and so their time, reveal what other accounts have."""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bokeh_auth.background import BackgroundThread
from bokeh_auth.credentials.secret import new_secret
from bokeh_cloud_server import embedded
from bokeh_common.http.context.trace import current_trace
from bokeh_common.http.rate_limits import RateLimit
from bokeh_common.storage import RecordStore, open_records
from tests.support.account_cloud import AccountCloud

MISSING_PLOT = "a" * 16
ROUNDS = 100


#: The number of operations on record stores, by namespace, operation and kind of record.
Operations = Counter[tuple[str, str, str]]


class CountingRecordStore:
    """A record store whose operations are counted."""

    def __init__(self, operations: Operations, namespace: str, store: RecordStore) -> None:
        self._operations = operations
        self._namespace = namespace
        self._store = store

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        if not callable(attribute):
            return attribute

        def counted(key: str = "", *args: Any, **options: Any) -> Any:
            if current_trace() is not None:  # background tasks are of no request
                self._operations[self._namespace, name, key.partition("/")[0]] += 1
            return attribute(key, *args, **options)

        return counted


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Operations:
    operations: Operations = Counter()

    def open_counting(url: str, namespace: str) -> CountingRecordStore:
        return CountingRecordStore(operations, namespace, open_records(url, namespace))

    monkeypatch.setattr(embedded, "open_records", open_counting)
    # Requests do not wait for the thread that sends mail.
    monkeypatch.setattr(BackgroundThread, "start", lambda self: None)
    return operations


@pytest.fixture
def cloud(
    operations: Operations, storage: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> AccountCloud:
    for name in ("MAILS_PER_PAIR", "MAILS_PER_MAILBOX"):
        monkeypatch.setattr(f"bokeh_auth.rate_limits.{name}", RateLimit(name, 100_000, 3600))
    return AccountCloud(storage, tmp_path / "outbox", mails=100_000, wrong_keys=100_000)


#: Headers that differ between any two responses.
VARYING_HEADERS = {"x-request-id", "ratelimit"}


def observe(operations: Operations, send: Callable[[], Any]) -> tuple[Any, ...]:
    """Send a request twice; return the second response and the operations on the storage that it took."""
    send()  # records that the key was used, once an hour
    operations.clear()
    response = send()
    headers = {name: value for name, value in response.headers.items() if name not in VARYING_HEADERS}
    return response.status_code, response.text, headers, dict(operations)


def post(cloud: AccountCloud, path: str, **body: str) -> Callable[[], Any]:
    return lambda: cloud.request("POST", path, None, json=body)


def test_requesting_a_link_does_not_reveal_accounts(cloud: AccountCloud, operations: Operations) -> None:
    cloud.domain.accounts.create("carol@example.com", "carol")
    cloud.domain.accounts.change("carol", disabled=True)
    registrations = [
        ("new@example.com", "newcomer"),
        ("ada@example.com", "newcomer"),  # a known address
        ("new@example.com", "ada"),  # a taken name
        ("ada@example.com", "ada"),
        ("new@example.com", "acla"),  # has the confusable skeleton of a taken name
        ("carol@example.com", "newcomer"),  # a disabled account
    ]
    found = [observe(operations, post(cloud, "/register", email=e, username=n)) for e, n in registrations]
    assert found[0][0] == 202
    assert found[0][3] == {("auth", "put", "outbox"): 1}
    assert all(other == found[0] for other in found)
    addresses = ("new@example.com", "ada@example.com", "carol@example.com", "ADA@example.com")
    logins = [observe(operations, post(cloud, "/login", email=address)) for address in addresses]
    assert logins[0][0] == 202
    assert all(other == logins[0] for other in logins)


@pytest.mark.parametrize("client", ["signed in", "anonymous"])
def test_objects_of_others_look_like_missing_ones(
    cloud: AccountCloud, operations: Operations, client: str
) -> None:
    bobs = cloud.make_key("bob")
    plot, source = cloud.publish("bob", bobs, "one"), cloud.upload("bob", bobs, b"12345678")
    column = cloud.request("GET", "/bob/data", bobs).json["sources"][0]["columns"]["x"]["hash"]
    [key_id] = [key.id for key in cloud.domain.keys.page("bob", "", 1)]
    key = cloud.make_key("ada") if client == "signed in" else None
    pairs = [
        *[(f"/bob/{path}", f"/missing/{path}") for path in ("keys", "plots", "data", "account", "audit")],
        *[(f"/plots/{plot}/{page}", f"/plots/{MISSING_PLOT}/{page}") for page in ("show", "embed")],
        *[
            (f"/bob/plots/{plot}{rest}", f"/bob/plots/{MISSING_PLOT}{rest}")
            for rest in ("", "/scene", "/data", "/versions", "/shares")
        ],
        (f"/bob/plots/{plot}", f"/missing/plots/{MISSING_PLOT}"),
        (f"/bob/keys/{key_id}", f"/bob/keys/{'0' * 16}"),
        (f"/bob/data/{source}", f"/bob/data/{'a' * 26}"),
        (f"/bob/data/columns/{column}", f"/bob/data/columns/{'0' * 64}"),
        (f"/bob/objects/{plot}.p1", f"/bob/objects/{MISSING_PLOT}.p1"),
    ]
    for existing, missing in pairs:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            sends = [partial(cloud.request, method, path, key, json={}) for path in (existing, missing)]
            first, second = (observe(operations, send) for send in sends)
            assert first == second, (method, existing, missing)
            assert first[0] in {401, 404, 405}, (method, existing)


def test_a_share_link_reveals_nothing_of_other_plots(cloud: AccountCloud, operations: Operations) -> None:
    bobs = cloud.make_key("bob")
    shared, other = cloud.publish("bob", bobs, "shared"), cloud.publish("bob", bobs, "other")
    _, share = cloud.domain.shares.create("bob", shared, [], None)
    for path in ("/bob/plots/{}", "/bob/plots/{}/scene", "/plots/{}/show", "/plots/{}/embed"):
        assert cloud.request("GET", path.format(shared), share).status_code == 200
        sends = [partial(cloud.request, "GET", path.format(plot), share) for plot in (other, MISSING_PLOT)]
        found = [observe(operations, send) for send in sends]
        assert found[0] == found[1], path
        assert found[0][0] == 404


def test_a_revoked_key_looks_like_one_that_never_existed(cloud: AccountCloud, operations: Operations) -> None:
    revoked = cloud.make_key("ada")
    [listed] = cloud.domain.keys.page("ada", "", 10)
    cloud.domain.keys.revoke("ada", listed.id)
    tokens = (new_secret("bkp_"), revoked)
    found = [observe(operations, partial(cloud.request, "GET", "/whoami", token)) for token in tokens]
    assert found[0] == found[1]
    assert found[0][0] == 401


def test_the_time_of_a_login_request_does_not_reveal_accounts(
    cloud: AccountCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The medians for a known and an unknown address differ by less than requests of one kind do."""
    emails = {"known": "ada@example.com", "unknown": "unknown@example.com"}
    times: dict[str, list[float]] = {name: [] for name in emails}
    for _ in range(ROUNDS):
        for name, email in emails.items():
            start = time.perf_counter()
            assert cloud.request("POST", "/login", None, json={"email": email}).status_code == 202
            times[name].append((time.perf_counter() - start) * 1000)
    known, unknown = (statistics.median(times[name]) for name in emails)
    low, *_, high = statistics.quantiles(times["known"] + times["unknown"], n=10)
    with capsys.disabled():
        print(f" known {known:.2f} ms, unknown {unknown:.2f} ms; deciles {low:.2f} to {high:.2f} ms")
    assert abs(known - unknown) < max(high - low, 2)
