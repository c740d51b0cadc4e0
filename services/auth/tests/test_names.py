"""Usernames and email addresses."""

import pytest

from bokeh_auth.names import RESERVED, USERNAME, email_of, look_of, username_of
from bokeh_common.errors import Invalid


@pytest.mark.parametrize("text", ["ada", "ADA", "a1", "42", "ada-lovelace", "a" * 39])
def test_usernames(text: str) -> None:
    assert username_of(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["", "a", "a" * 40, "-ada", "ada-", "a--b", "a_b", "a.b", "a b", "ada\n", " ada", "ada\x00", "a/b", "..",
     "\u0430da", "\uff41da", "ada\u200b", "\u0130stanbul",  # Cyrillic, wide, zero width, dotted I
     "\u017fam", "\u212aay",  # upper() or lower() make the ASCII letters s and k of these two
     "p1ots", "l0gin", "adrnin", "vvebmaster", "0auth",  # these pass for reserved ones
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
        ("ada@BÜCHER.de", "ada@xn--bcher-kva.de"),
        ("ada@bu\u0308cher.de", "ada@xn--bcher-kva.de"),  # decomposed
        ("ada@xn--bcher-kva.de", "ada@xn--bcher-kva.de"),
        ("ada@\u212aelvin.de", "ada@kelvin.de"),  # the Kelvin sign is a k in domains
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


def test_domains_that_only_look_alike_stay_apart() -> None:
    latin, cyrillic = email_of("ada@paypal.com"), email_of("ada@p\u0430ypal.com")
    assert latin != cyrillic
    assert cyrillic.startswith("ada@xn--")


def test_looks() -> None:
    assert look_of("modern") == look_of("rn0dern") == look_of("m0dern")
    assert look_of("bill") == look_of("bi11") == look_of("bil1")
    assert look_of("ada") == look_of("acla")
    assert len({look_of(name) for name in ("ada", "eda", "ida", "ado", "a-da")}) == 5
