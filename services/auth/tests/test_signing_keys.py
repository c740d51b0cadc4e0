"""The rotation of the keys that sign view tokens, in several processes."""

from typing import Any

import pytest

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.signing_keys import LIFETIME, OVERLAP, REFRESH_SECONDS, SigningKeys
from bokeh_auth.credentials.view_tokens import View, ViewTokens
from bokeh_auth.repository import AuthRepository
from bokeh_common.errors import Unavailable
from bokeh_common.storage import RecordStore

VIEW = View("ada", "plot1")


def sign(key: bytes) -> str:
    """Return a view token that a key signed."""
    return ViewTokens(lambda: [key]).create("ada", "plot1")


@pytest.fixture
def other(domain: AccountDomain, store: RecordStore, clock: Any) -> ViewTokens:
    """The view tokens of another process."""
    assert domain.signing_keys.accepted()
    return ViewTokens(SigningKeys(AuthRepository(store), clock).accepted)


def test_all_processes_accept_all_tokens_throughout_a_rotation(
    domain: AccountDomain, other: ViewTokens, clock: Any
) -> None:
    domain.signing_keys.rotate()
    signed = set()
    end = clock.time + OVERLAP + LIFETIME
    while clock.time < end:
        for signer in (domain.view_tokens, other):
            token = signer.create("ada", "plot1")
            assert domain.view_tokens.verify(token) == VIEW
            assert other.verify(token) == VIEW
        signed.add(domain.signing_keys.accepted()[-1])
        clock.advance(seconds=7)
    assert len(signed) == 2


def test_the_old_key_is_accepted_for_the_life_of_a_token(
    domain: AccountDomain, other: ViewTokens, clock: Any
) -> None:
    before = domain.view_tokens.create("ada", "plot1")
    domain.signing_keys.rotate()
    clock.advance(seconds=OVERLAP.total_seconds() - 1)
    last = domain.view_tokens.create("ada", "plot1")  # still with the old key
    clock.advance(seconds=LIFETIME.total_seconds())
    assert domain.view_tokens.verify(before) == other.verify(last) == VIEW
    clock.advance(seconds=2 * OVERLAP.total_seconds())
    assert (domain.view_tokens.verify(last), other.verify(last)) == (None, None)
    assert len(domain.signing_keys.accepted()) == 1


def test_several_rotations_in_a_row_are_possible(
    domain: AccountDomain, other: ViewTokens, clock: Any
) -> None:
    tokens = []
    for seconds in (0, 10, 70, 5):
        tokens.append(domain.view_tokens.create("ada", "plot1"))
        domain.signing_keys.rotate()
        clock.advance(seconds=seconds)
    clock.advance(seconds=REFRESH_SECONDS)
    assert [other.verify(token) for token in tokens] == [VIEW] * 4
    clock.advance(minutes=20)
    domain.signing_keys.rotate()
    assert len(domain.signing_keys.accepted()) == 2


def test_a_leaked_key_is_rejected_by_all_processes(
    domain: AccountDomain, other: ViewTokens, clock: Any
) -> None:
    domain.signing_keys.rotate()
    leaked = [sign(key) for key in domain.signing_keys.accepted()]
    domain.signing_keys.replace_all()
    clock.advance(seconds=REFRESH_SECONDS)
    for token in leaked:
        assert (domain.view_tokens.verify(token), other.verify(token)) == (None, None)
    assert other.verify(domain.view_tokens.create("ada", "plot1")) == VIEW


def test_the_key_of_an_earlier_version_is_used_and_can_be_rotated(store: RecordStore, clock: Any) -> None:
    store.put("secrets/view", {"key": "ab" * 32})
    token = sign(bytes.fromhex("ab" * 32))
    domain = AccountDomain.on_storage(store, clock)
    assert domain.view_tokens.verify(token) == VIEW
    domain.signing_keys.rotate()
    assert domain.view_tokens.verify(token) == VIEW


def test_known_keys_are_used_while_the_storage_is_unavailable(
    domain: AccountDomain, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise Unavailable("The storage does not respond.")

    token = domain.view_tokens.create("ada", "plot1")
    monkeypatch.setattr(domain.repository, "signing_keys", fail)
    clock.advance(seconds=REFRESH_SECONDS)
    assert domain.view_tokens.verify(token) == VIEW
