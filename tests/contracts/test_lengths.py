"""Files are short enough to be read in one go."""

from tests import ROOT
from tests.contracts.test_prose import tracked_files

MAX_LINES = 300
VENDORED = ("/vendor/",)
SUFFIXES = {".py", ".js"}


def test_no_file_is_longer_than_a_reader_can_keep_in_mind() -> None:
    files = [path for path in tracked_files(VENDORED) if path.suffix in SUFFIXES]
    assert {path.suffix for path in files} == SUFFIXES
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
