"""Keys and values that are difficult for stores."""

from bokeh_common.storage import JSON

#: Sorted by their UTF-8 bytes.
KEYS = [
    " ", "!", "#", "%", "%2F", "+", "-", ".", "..", "../x", "./x", "/", "//", "/a", "0", "10", "9", ":",
    "?a=b", "A", "B", "\\", "_", "a", "a ", "a!", "a\n", "a-b", "a.", "a..", "a/", "a/!", "a/.", "a/..",
    "a/../b",
    "a/.hidden", "a//", "a//b", "a/b", "a/b/", "a0", "aA", "aa", "a\x7f", "a\x80", "a{}", "b", "con",
    "e\u0301", "é", "ß", "中文/図", "\ue000", "\uffff", "𐀀", "😀", "\U0010ffff", "\x01",
    "x" * 300, "s/" * 256, "ü" * 200, "😀" * 512, "y" * 512,
]  # fmt: skip
KEYS.sort(key=str.encode)

VALUES: list[JSON] = [
    None, True, False, 0, -1, 2**70, 1.5, 5e-324, 1.7976931348623157e308, "", "ü😀\0\ud800", [], {}, [[], {}],
    {"a": {"b": [1, "two", None]}, "": 0, "é": "\u2028"},
]  # fmt: skip

INVALID_KEYS = ["", "a\0b", "\ud800", "x" * 513]

INVALID_VALUES: list[object] = [float("nan"), {"a": float("inf")}, b"bytes", {1, 2}, object()]
