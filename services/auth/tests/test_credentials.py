"""The text of secrets."""

import re

import pytest

from bokeh_auth.credentials import (
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
def test_secrets_look_as_published(prefix: str) -> None:
    secret = new_secret(prefix)
    assert re.fullmatch(prefix + r"[0-9A-Za-z]{32}[0-9A-Za-z]{6}", secret)
    assert re.findall(PATTERN, f'key = "{secret}";') == [secret]
    assert is_well_formed(secret, prefix)


def test_every_character_is_checked() -> None:
    secret = new_secret(PERSONAL)
    for i in range(len(secret)):
        changed = secret[:i] + ("0" if secret[i] != "0" else "1") + secret[i + 1 :]
        assert not is_well_formed(changed, PERSONAL), i


def test_another_kind_is_not_taken() -> None:
    assert not is_well_formed(new_secret(PERSONAL), SESSION)


@pytest.mark.parametrize(
    "text", ["", "bkp_", "bkp_" + "0" * 38, "bkp_" + "ü" * 38, "bkp_" + "0" * 100_000, "\x00"]
)
def test_other_texts(text: str) -> None:
    assert not is_well_formed(text, PERSONAL)


def test_no_two_are_equal() -> None:
    assert len({new_secret(PERSONAL) for _ in range(1000)}) == 1000


def test_the_checksum_is_that_of_its_description() -> None:
    # Worked out apart: CRC-32 of "bkp_" and 32 zeros, in base62 with digits before capitals before small
    # letters.
    import zlib

    body, number, text = "bkp_" + "0" * 32, zlib.crc32(b"bkp_" + b"0" * 32), ""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for power in range(5, -1, -1):
        text += letters[number // 62**power % 62]
    assert is_well_formed(body + text, PERSONAL)
