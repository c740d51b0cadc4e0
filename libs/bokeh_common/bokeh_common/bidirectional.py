"""Characters that change the direction of text, and so can make a name look like another one.

They are the explicit ones of Unicode's bidirectional algorithm (UAX 9, 2; UTS 39). Names that people choose
must not have them. Names of columns are data and may have them, so pages isolate each name.
"""

#: Characters that act on the text after them: embeddings, overrides and isolates.
FORMATTING = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))

#: Marks, which are invisible letters. Names of plots may have them, as they have always been allowed to.
MARKS = frozenset("\u061c\u200e\u200f")

EXPLANATION = "must not have characters that change the direction of text"


def has_controls(text: str, allow_marks: bool = False) -> bool:
    """Tell whether text has characters that change its direction."""
    return not (FORMATTING if allow_marks else FORMATTING | MARKS).isdisjoint(text)
