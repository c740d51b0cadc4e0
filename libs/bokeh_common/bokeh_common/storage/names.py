"""Keys as names of files and of Azure blobs: plain ASCII, in the same order as the keys.

Digits, small letters, "-" and "/" stand for themselves; any other character is a lead and the hex of its
UTF-8 bytes:

    characters          lead
    before "-"          ,
    "."                 .
    ":" to "Z"          =        (capitals too: file systems may not tell them from small letters)
    "[" to "`"          _
    after "z"           ~

Each lead sorts where its characters do, so the names sort as the keys, and a prefix of a key is a prefix of
its name. A "/" that would make an empty segment is ".2f", and "!" follows a "/" at the end: so there are no
segments like ``""``, ``"."`` or ``".."``, which file systems, URL libraries and Azure all treat in their own
ways.
"""

import hashlib
import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"(?<![^/])/|[^-/0-9a-z]")
_PLAIN = re.compile(r"[-0-9a-z]+(?:/[-0-9a-z]+)*")  # stands for itself; as hashes do
_CODE = re.compile(r"[,.=_]([0-9a-f]{2})|~(7[0-9a-f]|[cd][0-9a-f]{3}|e[0-9a-f]{5}|f[0-9a-f]{7})")
_END = "!"
_LEADS = ",.=_~" + _END


def encode(key: str) -> str:
    """Return the name of a key; that of a prefix is the same without the end mark, see `encode_prefix`."""
    if _PLAIN.fullmatch(key):
        return key
    name = encode_prefix(key)
    return name + _END if name.endswith("/") else name


def encode_prefix(prefix: str) -> str:
    """Return what the names of all keys with this prefix begin with."""
    return _SPECIAL.sub(lambda match: _code(match[0]), prefix)


def decode(name: str) -> str:
    """Return the key of a name that `encode` made."""
    return _CODE.sub(lambda match: bytes.fromhex(match[1] or match[2]).decode(), name.removesuffix(_END))


def decode_all(names: Sequence[str]) -> Sequence[str]:
    """Return the keys of names; at once where, as with hashes, all are spelled alike."""
    text = "".join(names)
    return [decode(name) for name in names] if any(lead in text for lead in _LEADS) else names


def digest(key: str) -> str:
    """Return a name of fixed length, for keys whose own name is too long for a medium."""
    return hashlib.sha256(key.encode()).hexdigest()


def _code(character: str) -> str:
    return _lead(character) + character.encode().hex()


def _lead(character: str) -> str:
    if character in "./":
        return "."
    return next((lead for last, lead in ((",", ","), ("Z", "="), ("`", "_")) if character <= last), "~")
