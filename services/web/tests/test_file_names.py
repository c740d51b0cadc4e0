"""File names of downloads."""

import pytest

from bokeh_web.pages.jinja_filters import file_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wind park, 2025", "wind park, 2025.csv"),
        ("Höhe über null", "Höhe über null.csv"),
        ('x.exe"; y="', "x.exe_; y=_.csv"),
        ("a/b\\c:d", "a_b_c_d.csv"),
        ("a\r\nSet-Cookie: b", "a__Set-Cookie_ b.csv"),
        ("n" * 1000, "n" * 200 + ".csv"),
    ],
)
def test_file_names_are_valid_on_every_system(name: str, expected: str) -> None:
    assert file_name(name, ".csv") == expected
