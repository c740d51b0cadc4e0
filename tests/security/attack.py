"""Attacks every parser that a client can reach with generated inputs; what it finds goes to the corpus.

Usage: `python -m tests.security.attack [SECONDS] [SEED]`. The same seed generates the same inputs.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import falcon
import msgspec
import pyarrow as pa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bokeh_common.errors import CloudError
from tests.security.corpus import CORPUS, AttackInput, CorpusEntry, append_to_corpus, read_corpus
from tests.security.parsers import OF_BYTES, OF_TEXT
from tests.support.cost import cpu_seconds

EXAMPLES = 200  # of a parser in a round
MAX_LENGTH = 60_000  # characters
SECONDS = 0.3  # of CPU; what takes more than linear time takes minutes at `MAX_LENGTH`

#: Errors for which clients get a clear response.
REJECTIONS: tuple[type[Exception], ...] = (CloudError, falcon.HTTPError)

#: Errors of libraries and of functions that leave the response to their callers.
REJECTIONS_OF: dict[str, tuple[type[Exception], ...]] = {
    "time": (ValueError,),
    "timestamp": (ValueError,),
    "Arrow stream": (pa.ArrowException, OSError),
    "Arrow stream with a start": (pa.ArrowException, OSError),
    "message": (msgspec.DecodeError,),
}

#: Parsers of headers, whose bytes a server decodes as Latin-1, and of queries, which are percent-encoded.
HEADERS = {
    "If-None-Match", "If-None-Match with a tag", "If-Match", "Accept", "Accept with a type", "Cookie",
    "Cookie with a name", "Authorization", "Host", "Forwarded", "Range",
}  # fmt: skip
QUERIES = {"query", "query of rows", "query of a window", "cursor"}

WORDS = [
    " ", "\t", "\r\n", "'", '"', "(", ")", "[", "]", "{", "}", "<", "<=", "=", "!=", "9", "0", "-1", "1e308",
    "1e-400", "NaN", "Infinity", "99999999999999999999", ",", ".", "..", ":", ";", "/", "\\", "%", "%00", "&",
    "\0", "\x7f", "\xa0", "\ufeff", "\u202e", "\u0301", "é", "ﬁ", "\U0001d7d9", "a", "x", "_", "*", "?", "#",
    "|", "^", "$", "@", "+", "T", "Z", "W/", "not ", "and ", "or ", "in ", "between ", "like ", "is null",
    "true", "bytes=", "text/csv", "q=", "2024-02-30",
    "2024-01-01T00:00:00Z", "+25:00", "P1D", "ms", "float64",
    "arrow[string]", "decimal128(38, 40)", "[],", '{"a":', '"\\ud800"', "\x28\xb5\x2f\xfd", "\x1f\x8b\x08",
    "\x89PNG\r\n\x1a\n", "ARROW1", "PAR1",
]  # fmt: skip

CHARACTERS = st.characters(codec="utf-8")
PARTS = st.lists(st.one_of(st.sampled_from(WORDS), st.text(CHARACTERS, max_size=4)), max_size=6).map("".join)


def repeated(before: str, piece: str, share: float, after: str) -> AttackInput:
    """Return an input whose piece is repeated up to `MAX_LENGTH`; `share` is that of the length, squared."""
    times = 1 + int(share**2 * MAX_LENGTH / max(1, len(piece)))
    return AttackInput(before, piece, times, after)


INPUTS = st.builds(repeated, PARTS, PARTS, st.sampled_from([0.0, 0.0, 0.0, 0.02, 0.1, 1.0]), PARTS)


class Found(Exception):
    """A parser failed or was too slow."""


def parsers() -> dict[str, Callable[[AttackInput], object]]:
    """Return all parsers, as functions of inputs."""
    of_text = {name: _of_text(name, parse) for name, parse in OF_TEXT.items()}
    return {**of_text, **{name: _of_bytes(parse) for name, parse in OF_BYTES.items()}}


def _of_text(name: str, parse: Callable[[str], object]) -> Callable[[AttackInput], object]:
    if name in HEADERS:
        return lambda given: parse(given.text.encode().decode("latin-1"))
    if name in QUERIES:
        return lambda given: parse(quote(given.text, safe="&=+%;,'\"[]"))
    return lambda given: parse(given.text)


def _of_bytes(parse: Callable[[bytes], object]) -> Callable[[AttackInput], object]:
    return lambda given: parse(given.data)


def check(name: str, parse: Callable[[AttackInput], object], given: AttackInput) -> None:
    """Parse an input.

    Raises:
        Found: the parser raised an error for which no clear response is sent, or was too slow.
    """
    rejections = (*REJECTIONS, *REJECTIONS_OF.get(name, ()))
    try:
        seconds = cpu_seconds(lambda: parse(given), SECONDS, *rejections)
    except Exception as error:
        raise Found(f"{type(error).__name__}: {str(error)[:200]}") from error
    if seconds >= SECONDS:
        raise Found(f"{seconds:.1f} s of CPU")


def attack(
    name: str, parse: Callable[[AttackInput], object], number: int, examples: int
) -> CorpusEntry | None:
    """Attack a parser with the inputs of a seed; return the smallest input that breaks it, if any."""
    found: list[CorpusEntry] = []

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(INPUTS)
    def run(given: AttackInput) -> None:
        try:
            check(name, parse, given)
        except Found as finding:
            found.append(CorpusEntry(name, given, str(finding)))
            raise

    try:
        run()
    except Found:
        return found[-1]
    return None


def run_attack(seconds: float, number: int, corpus: Path = CORPUS) -> list[CorpusEntry]:
    """Attack all parsers, round by round, until the time is over; return what was found, once a parser."""
    until, left, found = time.monotonic() + seconds, parsers(), list[CorpusEntry]()
    while left and time.monotonic() < until:
        for name, parse in list(left.items()):
            if time.monotonic() < until and (entry := attack(name, parse, number, EXAMPLES)):
                append_to_corpus(entry, corpus)
                found.append(entry)
                del left[name]
        number += 1
    return found


def main(arguments: list[str]) -> int:
    """Run the attack; return the exit code."""
    seconds = float(arguments[0]) if arguments else 300.0
    number = int(arguments[1]) if arguments[1:] else int(time.time())
    print(f"{len(parsers())} parsers, {len(read_corpus())} inputs in the corpus, seed {number}", flush=True)
    for entry in (found := run_attack(seconds, number)):
        print(f"{entry.parser}: {entry.found}\n    {entry.input}")
    print(
        f"{len(found)} parsers were broken; the inputs are in {CORPUS.name}" if found else "nothing was found"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
