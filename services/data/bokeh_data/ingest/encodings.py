"""Encodings of text files: which one a file has, and reading it as UTF-8."""

import codecs
import io
from pathlib import Path
from typing import IO, Any

from bokeh_common.errors import Invalid

BLOCK_BYTES = 1 << 20
SAMPLE_BYTES = 4096

#: So many NUL bytes, nearly all of them first or nearly all of them second bytes of pairs, are no accident.
MIN_UTF_16_NULS = 16

UTF_8 = "utf-8"
LATIN = "windows-1252"

_MARKS = {codecs.BOM_UTF8: UTF_8, codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def detect_encoding(path: str) -> str:
    """Return the encoding of a text file: that of its byte order mark, else UTF-16, UTF-8 or Windows-1252.

    Windows-1252 has the printable characters of Latin-1, and some more. Files with NUL bytes have it only as
    a character of UTF-8, or since they are in UTF-16.

    Raises:
        Invalid: it is not a text file, or it may be in UTF-8 or UTF-16.
    """
    with Path(path).open("rb") as file:
        start = file.read(SAMPLE_BYTES)
        if found := next((name for mark, name in _MARKS.items() if start.startswith(mark)), None):
            return found
        if _is_mostly_nul(start):
            raise Invalid("It is not a text file: it is full of NUL bytes.", slug="unreadable-file")
        if found := _utf_16(start):
            return found
        file.seek(0)
        if _is_utf_8(file):
            return UTF_8
    if b"\0" in start:
        raise Invalid(
            "It is not a text file: it has NUL bytes, and is not in UTF-8; send text in UTF-8.",
            slug="unreadable-file",
        )
    return LATIN


def open_as_utf_8(path: str, encoding: str) -> IO[bytes]:
    """Open a text file so that it is read as UTF-8, with line ends as they are."""
    return io.BufferedReader(_Transcoder(path, encoding), BLOCK_BYTES)


class _Transcoder(io.RawIOBase):
    """The bytes of a text file in UTF-8."""

    def __init__(self, path: str, encoding: str) -> None:
        self._file = io.FileIO(path)
        errors = "as-latin-1" if encoding == LATIN else "strict"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            block = self._file.read(len(buffer))
            self._rest = self._decoder.decode(block, final=not block).encode()
            if not block:
                break
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Decode the five bytes that have no character in Windows-1252 as Latin-1 does."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("as-latin-1", _as_latin_1)


def _is_mostly_nul(start: bytes) -> bool:
    """Return whether a file has more NUL bytes than text in UTF-16 has."""
    nuls = start.count(0)
    return nuls >= MIN_UTF_16_NULS and nuls * 2 > len(start)


def _utf_16(start: bytes) -> str | None:
    """Return UTF-16 if every other byte is NUL in a quarter of a text or more, as in most languages.

    Raises:
        Invalid: so it is, but the file is too short to tell.
    """
    even, odd = start[::2].count(0), start[1::2].count(0)
    nuls = max(even, odd)
    if not nuls or nuls * 4 < len(start) or min(even, odd) * 8 > nuls:
        return None
    if nuls < MIN_UTF_16_NULS:
        raise Invalid(
            "It has NUL characters, or is in UTF-16 without a byte order mark, and is too short to tell; "
            "save it in UTF-8 with a byte order mark (utf-8-sig).",
            slug="unreadable-file",
        )
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_utf_8(file: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        while block := file.read(BLOCK_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
