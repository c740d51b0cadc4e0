"""View tokens, and introspection without accounts."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bokeh_auth.credentials.signing_keys import SigningKeys
from bokeh_auth.credentials.view_tokens import View, ViewTokens
from bokeh_auth.introspection import Introspection, ServiceTokens, SingleAccountTokens
from bokeh_auth.repository import AuthRepository
from bokeh_common.storage import open_records

KEY = b"k" * 32


def signer(key: bytes = KEY) -> ViewTokens:
    return ViewTokens(lambda: [key])


def test_a_token_grants_access_to_its_plot() -> None:
    token = signer().create("ada", "plot1")
    assert token.startswith("bkv_")
    assert signer().verify(token) == View("ada", "plot1")


def test_a_token_signed_by_another_key_is_not_valid() -> None:
    assert signer(b"other" * 8).verify(signer().create("ada", "plot1")) is None


def test_an_expired_token_is_not_valid() -> None:
    tokens = ViewTokens(lambda: [KEY], timedelta(seconds=-1))
    assert tokens.verify(tokens.create("ada", "plot1")) is None


@pytest.mark.parametrize("text", ["", "bkv_", "bkv_x.y.z", "bkp_x", "bkv_" + "A" * 5000, "bkv_\x00"])
def test_other_strings_are_not_valid(text: str) -> None:
    assert signer().verify(text) is None


def test_a_token_with_a_changed_character_is_not_valid() -> None:
    tokens = signer()
    token = tokens.create("ada", "plot1")
    for i in range(4, len(token) - 1):  # the last one has unused bits
        changed = token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :]
        assert tokens.verify(changed) is None, i


def test_the_signing_key_is_created_once(storage: str) -> None:
    [first] = SigningKeys(AuthRepository(open_records(storage, "auth"))).accepted()
    assert len(first) == 32
    assert SigningKeys(AuthRepository(open_records(storage, "auth"))).accepted() == [first]


def introspect(token: str | None) -> dict[str, Any]:
    """Return the answer of a server without accounts."""
    introspection = Introspection(SingleAccountTokens(signer()), ServiceTokens({}))
    return asyncio.run(introspection.introspect(token))


def test_without_a_token_the_account_is_local() -> None:
    answer = introspect(None)
    assert (answer["active"], answer["user_id"], answer["only"]) == (True, "local", None)


def test_a_view_token_permits_reading_only() -> None:
    answer = introspect(signer().create("local", "plot1"))
    assert answer["only"] == "plot1"
    assert set(answer["scopes"]) == {"plots:read", "data:read"}


def test_a_wrong_token_is_not_valid_for_the_local_account() -> None:
    for token in ("bkv_wrong", "", "bks_wrong", "bkp_wrong"):
        assert introspect(token) == {"active": False}
