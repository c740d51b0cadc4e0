"""Secrets as text: a prefix that says what they are for, 32 random characters, and 6 that check the others.

The prefix and the checksum let secret scanners find a key in the wild and be sure of it, and let a server
turn away garbage without asking its storage. 32 characters of base62 are 190 bits, so a plain SHA-256 is all
that has to be stored: there is nothing to guess.
"""

import hashlib
import re
import secrets
import string
from zlib import crc32

PERSONAL = "bkp_"  # an API key
SHARE = "bkl_"  # a share link
SERVICE = "bks_"  # one service to another
SESSION = "bkc_"  # a signed-in browser; in its cookie only
ONE_TIME = "bko_"  # the link in an email

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARACTERS = 32
CHECK_CHARACTERS = 6  # 62**6 > 2**32, so a CRC-32 fits

#: What secret scanners should look for; the last 6 characters are the CRC-32 of all before them, in base62.
PATTERN = r"\bbk[clops]_[0-9A-Za-z]{38}\b"

_WHOLE = re.compile(PATTERN)


def new_secret(prefix: str) -> str:
    """Make a secret of this prefix."""
    body = prefix + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return body + _check(body)


def is_well_formed(secret: str, prefix: str) -> bool:
    """Whether the text can be a secret of this prefix; says nothing about whether it opens something."""
    body, check = secret[:-CHECK_CHARACTERS], secret[-CHECK_CHARACTERS:]
    return secret.startswith(prefix) and _WHOLE.fullmatch(secret) is not None and check == _check(body)


def digest_of(secret: str) -> str:
    """Return what is stored in the place of a secret: its SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(body: str) -> str:
    number, digits = crc32(body.encode()), ""
    for _ in range(CHECK_CHARACTERS):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
