"""Text of a cloud, such as titles of other people's plots, made safe for terminals.

Terminals take some characters for commands, which set colours, move the cursor, or type text for the user.
"""

import re

#: Control characters but tabs and line breaks (C0, DEL, C1), and those that change the direction of text.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return a text in which characters that terminals take for commands are escaped as in JSON."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def printable_line(text: str) -> str:
    """Return such a text without line breaks and tabs, which could look like other lines or cells."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")
