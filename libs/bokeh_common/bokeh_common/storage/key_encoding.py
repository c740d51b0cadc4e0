"""Encoding of keys as names of files and Azure blobs: in ASCII, sorted like the keys.

Digits, lower-case letters, "-" and "/" are encoded as themselves, any other character as a lead character and
its UTF-8 bytes in hexadecimal:

    characters          lead
    before "-"          ,
    "."                 .
    ":" to "Z"          =        (upper-case letters too, as file systems may be case-insensitive)
    "[" to "`"          _
    after "z"           ~

Each lead sorts like the characters it stands for, so names sort like keys, and the name of a prefix is a
prefix of the name. A "/" that would create an empty segment is encoded as ".2f", and a "/" at the end is
followed by "!". So there are no segments ``""``, ``"."`` and ``".."``, which file systems, URL libraries and
Azure treat specially.
"""

import hashlib
import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"(?<![^/])/|[^-/0-9a-z]")
_PLAIN = re.compile(r"[-0-9a-z]+(?:/[-0-9a-z]+)*")  # is encoded as itself, like all hashes
_CODE = re.compile(r"[,.=_]([0-9a-f]{2})|~(7[0-9a-f]|[cd][0-9a-f]{3}|e[0-9a-f]{5}|f[0-9a-f]{7})")
_END = "!"
_LEADS = ",.=_~" + _END


def encode(key: str) -> str:
    """Return the name of a key."""
    if _PLAIN.fullmatch(key):
        return key
    name = encode_prefix(key)
    return name + _END if name.endswith("/") else name


def encode_prefix(prefix: str) -> str:
    """Return the common prefix of the names of all keys with this prefix."""
    return _SPECIAL.sub(lambda match: _code(match[0]), prefix)


def decode(name: str) -> str:
    """Return the key that `encode` encoded as this name."""
    return _CODE.sub(lambda match: bytes.fromhex(match[1] or match[2]).decode(), name.removesuffix(_END))


def decode_all(names: Sequence[str]) -> Sequence[str]:
    """Return the keys of names; fast if, as for hashes, names equal their keys."""
    text = "".join(names)
    return [decode(name) for name in names] if any(lead in text for lead in _LEADS) else names


def hash_key(key: str) -> str:
    """Return a name of fixed length, for keys whose name would be too long for the backend."""
    return hashlib.sha256(key.encode()).hexdigest()


def _code(character: str) -> str:
    return _lead(character) + character.encode().hex()


def _lead(character: str) -> str:
    if character in "./":
        return "."
    return next((lead for last, lead in ((",", ","), ("Z", "="), ("`", "_")) if character <= last), "~")
