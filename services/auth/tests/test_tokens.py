"""View tokens."""

import pytest

from bokeh_auth.introspection import Introspection, Keyless, Services
from bokeh_auth.records import Records
from bokeh_auth.tokens import View, ViewTokens
from bokeh_common.storage import open_records

KEY = b"k" * 32


def test_token_opens_what_it_was_made_for() -> None:
    token = ViewTokens(KEY).make("ada", "plot1")
    assert token.startswith("bkv_")
    assert ViewTokens(KEY).open(token) == View("ada", "plot1")


def test_another_key_does_not_open_it() -> None:
    assert ViewTokens(b"other" * 8).open(ViewTokens(KEY).make("ada", "plot1")) is None


def test_an_old_token_opens_nothing() -> None:
    tokens = ViewTokens(KEY, lifetime=-1)
    assert tokens.open(tokens.make("ada", "plot1")) is None


@pytest.mark.parametrize("text", ["", "bkv_", "bkv_x.y.z", "bkp_x", "bkv_" + "A" * 5000, "bkv_\x00"])
def test_other_texts_open_nothing(text: str) -> None:
    assert ViewTokens(KEY).open(text) is None


def test_every_character_counts() -> None:
    tokens = ViewTokens(KEY)
    token = tokens.make("ada", "plot1")
    for i in range(4, len(token) - 1):  # the last one has unused bits
        changed = token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :]
        assert tokens.open(changed) is None, i


def test_the_key_is_made_once(storage: str) -> None:
    first = Records(open_records(storage, "auth")).view_key()
    assert len(first) == 32
    assert Records(open_records(storage, "auth")).view_key() == first


def keyless() -> Introspection:
    return Introspection(Keyless(ViewTokens(KEY)), Services({}))


def test_without_a_token_one_is_local() -> None:
    answer = keyless().introspect(None)
    assert (answer["active"], answer["user_id"], answer["only"]) == (True, "local", None)


def test_a_view_token_opens_its_plot_for_reading_only() -> None:
    answer = keyless().introspect(ViewTokens(KEY).make("local", "plot1"))
    assert answer["only"] == "plot1"
    assert set(answer["scopes"]) == {"plots:read", "data:read"}


def test_a_wrong_token_is_never_the_local_account() -> None:
    for token in ("bkv_wrong", "", "bks_wrong", "bkp_wrong"):
        assert keyless().introspect(token) == {"active": False}
