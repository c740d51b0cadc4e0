"""The format of secrets: a prefix with their purpose, 32 random characters, and a checksum of 6 characters.

Prefix and checksum let secret scanners recognize a leaked key with certainty, and let a server reject other
strings without reading its storage. 32 characters of base62 are 190 random bits, which cannot be guessed, so
that a plain SHA-256 is sufficient to store.
"""

import hashlib
import re
import secrets
import string
from zlib import crc32

PERSONAL = "bkp_"  # an API key
SHARE = "bkl_"  # a share link
SERVICE = "bks_"  # a service token
SESSION = "bkc_"  # a session, in the cookie of a browser
ONE_TIME = "bko_"  # a one-time link in an email

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARACTERS = 32
CHECKSUM_CHARACTERS = 6  # enough for a CRC-32, since 62**6 > 2**32

#: The pattern for secret scanners; the last 6 characters are the CRC-32 of all before them, in base62.
PATTERN = r"\bbk[clops]_[0-9A-Za-z]{38}\b"

_SECRET = re.compile(PATTERN)


def new_secret(prefix: str) -> str:
    """Return a new secret with this prefix."""
    body = prefix + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return body + _checksum(body)


def is_well_formed(secret: str, prefix: str) -> bool:
    """Whether a string has the format of a secret with this prefix, valid or not."""
    body, checksum = secret[:-CHECKSUM_CHARACTERS], secret[-CHECKSUM_CHARACTERS:]
    return secret.startswith(prefix) and _SECRET.fullmatch(secret) is not None and checksum == _checksum(body)


def digest_of(secret: str) -> str:
    """Return the digest that is stored in place of a secret: its SHA-256, as 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, digits = crc32(body.encode()), ""
    for _ in range(CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
