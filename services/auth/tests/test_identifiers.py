"""Usernames and email addresses."""

import pytest

from bokeh_auth.accounts.identifiers import (
    RESERVED,
    USERNAME,
    normalize_email,
    normalize_username,
    skeleton_of,
)
from bokeh_common.errors import Invalid


@pytest.mark.parametrize("text", ["ada", "ADA", "a1", "42", "ada-lovelace", "a" * 39])
def test_usernames_are_lower_case(text: str) -> None:
    assert normalize_username(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["", "a", "a" * 40, "-ada", "ada-", "a--b", "a_b", "a.b", "a b", "ada\n", " ada", "ada\x00", "a/b", "..",
     "\u0430da", "\uff41da", "ada\u200b", "\u0130stanbul",  # Cyrillic, wide, zero width, dotted I
     "\u017fam", "\u212aay",  # upper() or lower() make the ASCII letters s and k of these two
     "p1ots", "l0gin", "adrnin", "vvebmaster", "0auth",  # these pass for reserved ones
     None, 1, ["ada"], "plots", "Login", "internal", "local", "static"],
)  # fmt: skip
def test_other_values_are_not_usernames(text: object) -> None:
    with pytest.raises(Invalid):
        normalize_username(text)


def test_reserved_names_have_the_format_of_usernames() -> None:
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
def test_addresses_are_normalized(text: str, address: str) -> None:
    assert normalize_email(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "ada", "ada@", "@example.com", "a b@example.com", "x" * 65 + "@example.com", None, 5,
     "ada@example.com\nBcc: eve@example.com", "ada@example.com\r\n", "ada@example.com,eve@example.com",
     "Ada <ada@example.com>", "\u0430da@example.com", "ada@exa\u200bmple.com"],
)  # fmt: skip
def test_other_values_are_not_addresses(text: object) -> None:
    with pytest.raises(Invalid):
        normalize_email(text)


def test_domains_that_look_alike_stay_different() -> None:
    latin, cyrillic = normalize_email("ada@paypal.com"), normalize_email("ada@p\u0430ypal.com")
    assert latin != cyrillic
    assert cyrillic.startswith("ada@xn--")


def test_usernames_that_look_alike_have_one_skeleton() -> None:
    assert skeleton_of("modern") == skeleton_of("rn0dern") == skeleton_of("m0dern")
    assert skeleton_of("bill") == skeleton_of("bi11") == skeleton_of("bil1")
    assert skeleton_of("ada") == skeleton_of("acla")
    assert len({skeleton_of(name) for name in ("ada", "eda", "ida", "ado", "a-da")}) == 5
