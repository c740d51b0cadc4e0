"""What others have written cannot command the terminal of whoever lists it."""

import json
from pathlib import Path

import pytest
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud.commands.terminal_text import printable, printable_line
from tests.client.command import output_of, run

#: Sets the title of the window, moves up a line, and reverses the direction of text.
HOSTILE = "\x1b]0;evil\x07\x1b[1A\x9b31m\u202ered\r\nvisibility  private"


def test_titles_names_and_errors_are_printed_without_control_characters(
    server: bokeh_cloud.Server, tmp_path: Path
) -> None:
    plot = server.publish(figure(), "hostile")
    plot.title = HOSTILE
    source = server.DataSource("hostile source", **{f"a{HOSTILE}": [1.0]})
    (tmp_path / "rows.csv").write_bytes(f'"{HOSTILE}"\n1\n'.encode())
    shown = output_of("show", "hostile")
    listed = [
        shown,
        output_of("show", "hostile", "--json"),
        output_of("data", "columns", source.source_id),
        output_of("data", "put", "rows.csv", "--dry-run", cwd=tmp_path),
        run("data", "get", source.source_id, "--columns", "none", code=None).stderr,
    ]
    for text in listed:
        assert "evil" in text
        assert not set(text) & set("\x1b\x07\x9b\u202e\r")
    assert shown.count("\nvisibility ") == 1
    assert json.loads(listed[1])["title"] == HOSTILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x00\x1b[31m\x7f\x9b", r"\u0000\u001b[31m\u007f\u009b"),
        ("\u202e\u2066\u2028", r"\u202e\u2066\u2028"),
        ("möwe 鷗 👩\u200d🔬 a\u00a0b \\", "möwe 鷗 👩\u200d🔬 a\u00a0b \\"),
    ],
)
def test_other_characters_are_kept(text: str, expected: str) -> None:
    assert printable(text) == expected
    assert printable_line(text) == expected.replace("\t", r"\t").replace("\n", r"\n")
