"""The format of secrets."""

import re

import pytest

from bokeh_auth.credentials.secret import (
    ONE_TIME,
    PATTERN,
    PERSONAL,
    SERVICE,
    SESSION,
    SHARE,
    is_well_formed,
    new_secret,
)


@pytest.mark.parametrize("prefix", [PERSONAL, SHARE, SERVICE, SESSION, ONE_TIME])
def test_secrets_match_the_published_pattern(prefix: str) -> None:
    secret = new_secret(prefix)
    assert re.fullmatch(prefix + r"[0-9A-Za-z]{32}[0-9A-Za-z]{6}", secret)
    assert re.findall(PATTERN, f'key = "{secret}";') == [secret]
    assert is_well_formed(secret, prefix)


def test_a_changed_character_is_detected() -> None:
    secret = new_secret(PERSONAL)
    for i in range(len(secret)):
        changed = secret[:i] + ("0" if secret[i] != "0" else "1") + secret[i + 1 :]
        assert not is_well_formed(changed, PERSONAL), i


def test_another_prefix_is_rejected() -> None:
    assert not is_well_formed(new_secret(PERSONAL), SESSION)


@pytest.mark.parametrize(
    "text", ["", "bkp_", "bkp_" + "0" * 38, "bkp_" + "ü" * 38, "bkp_" + "0" * 100_000, "\x00"]
)
def test_other_strings_are_rejected(text: str) -> None:
    assert not is_well_formed(text, PERSONAL)


def test_secrets_are_unique() -> None:
    assert len({new_secret(PERSONAL) for _ in range(1000)}) == 1000


def test_the_checksum_is_the_documented_one() -> None:
    # Computed independently: CRC-32 of "bkp_" and 32 zeros, in base62 with digits before upper-case
    # before lower-case letters.
    import zlib

    body, number, text = "bkp_" + "0" * 32, zlib.crc32(b"bkp_" + b"0" * 32), ""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for power in range(5, -1, -1):
        text += letters[number // 62**power % 62]
    assert is_well_formed(body + text, PERSONAL)
