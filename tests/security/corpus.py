"""The corpus: inputs that once broke a parser, one JSON object a line in `corpus.jsonl`.

`make attack` appends what it finds, and tests attack with all of it again.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus.jsonl")


@dataclass(frozen=True)
class AttackInput:
    """What a parser gets: `before`, then `piece` so many `times`, then `after`.

    Parsers of bytes get it in UTF-8, or in Latin-1 if it has no other characters.
    """

    before: str
    piece: str
    times: int
    after: str

    @property
    def text(self) -> str:
        """The whole input as a string."""
        return f"{self.before}{self.piece * self.times}{self.after}"

    @property
    def data(self) -> bytes:
        """The whole input as bytes."""
        try:
            return self.text.encode("latin-1")
        except UnicodeEncodeError:
            return self.text.encode()


@dataclass(frozen=True)
class CorpusEntry:
    """An input of a parser, and what it did when it was found."""

    parser: str
    input: AttackInput
    found: str


def read_corpus(path: Path = CORPUS) -> list[CorpusEntry]:
    """Return all entries."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [CorpusEntry(line["parser"], AttackInput(**line["input"]), line["found"]) for line in lines]


def append_to_corpus(entry: CorpusEntry, path: Path = CORPUS) -> None:
    """Append an entry, unless there is one of the same parser and input."""
    known = {(one.parser, one.input) for one in read_corpus(path)}
    if (entry.parser, entry.input) not in known:
        with path.open("a") as file:
            file.write(json.dumps(asdict(entry)) + "\n")
