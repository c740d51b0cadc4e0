"""The corpus and some generated inputs break no parser; `make attack` generates more."""

import time
from pathlib import Path

import pytest

from tests.security.attack import HEADERS, QUERIES, REJECTIONS_OF, SECONDS, Found, attack, check, parsers
from tests.security.corpus import AttackInput, CorpusEntry, append_to_corpus, read_corpus

EXAMPLES = 12
SEED = 1
PARSERS = parsers()


@pytest.mark.parametrize("entry", read_corpus(), ids=lambda entry: f"{entry.parser}, {entry.found}")
def test_what_was_found_is_mended(entry: CorpusEntry) -> None:
    check(entry.parser, PARSERS[entry.parser], entry.input)


@pytest.mark.parametrize("name", PARSERS)
def test_generated_inputs_break_no_parser(name: str) -> None:
    assert attack(name, PARSERS[name], SEED, EXAMPLES) is None


def test_the_tables_name_parsers() -> None:
    assert PARSERS.keys() >= {*HEADERS, *QUERIES, *REJECTIONS_OF}


def test_a_broken_parser_is_found_and_its_input_kept(tmp_path: Path) -> None:
    def parse(given: AttackInput) -> None:
        if "{" in given.text:
            raise KeyError("brace")

    entry = attack("broken", parse, SEED, 500)
    assert entry is not None
    assert "{" in entry.input.text
    assert len(entry.input.text) < 10
    assert entry.found == "KeyError: 'brace'"
    corpus = tmp_path / "corpus.jsonl"
    corpus.touch()
    append_to_corpus(entry, corpus)
    append_to_corpus(entry, corpus)
    assert read_corpus(corpus) == [entry]


def test_a_slow_parser_is_found() -> None:
    def parse(_: AttackInput) -> None:
        until = time.process_time() + SECONDS
        while time.process_time() < until:
            pass

    with pytest.raises(Found, match="s of CPU"):
        check("slow", parse, AttackInput("", "", 1, ""))
