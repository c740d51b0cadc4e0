"""Usernames and email addresses."""

import pytest

from bokeh_auth.names import RESERVED, USERNAME, email_of, username_of
from bokeh_common.errors import Invalid


@pytest.mark.parametrize("text", ["ada", "ADA", "a1", "42", "ada-lovelace", "a" * 39])
def test_usernames(text: str) -> None:
    assert username_of(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["", "a", "a" * 40, "-ada", "ada-", "a--b", "a_b", "a.b", "a b", "ada\n", " ada", "ada\x00", "a/b", "..",
     "\u0430da", "\uff41da", "ada\u200b", "\u0130stanbul",  # Cyrillic, wide, zero width, dotted I
     "\u017fam", "\u212aay",  # upper() or lower() make the ASCII letters s and k of these two
     None, 1, ["ada"], "plots", "Login", "internal", "local", "static"],
)  # fmt: skip
def test_what_is_no_username(text: object) -> None:
    with pytest.raises(Invalid):
        username_of(text)


def test_reserved_names_are_usernames_otherwise() -> None:
    assert {
        "plots",
        "register",
        "login",
        "static",
        "internal",
        "health",
        "keys",
        "whoami",
        "oembed",
    } <= RESERVED
    odd = {name for name in RESERVED if not USERNAME.fullmatch(name)}
    assert odd == set()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ada+plots@example.com", "ada+plots@example.com"),
        ("ada@bücher.de", "ada@xn--bcher-kva.de"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert email_of(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "ada", "ada@", "@example.com", "a b@example.com", "x" * 65 + "@example.com", None, 5,
     "ada@example.com\nBcc: eve@example.com", "ada@example.com\r\n", "ada@example.com,eve@example.com",
     "Ada <ada@example.com>", "\u0430da@example.com", "ada@exa\u200bmple.com"],
)  # fmt: skip
def test_what_is_no_address(text: object) -> None:
    with pytest.raises(Invalid):
        email_of(text)
