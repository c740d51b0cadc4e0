"""Names of data sources on pages."""

import pytest

from bokeh_web.resources.data_sources import display_name


@pytest.mark.parametrize(
    ("name", "live", "titles", "expected"),
    [
        ("weather", True, ["Rain"], "weather"),
        ("a/b", True, ["Rain"], "a/b"),
        ("", True, [], "unnamed"),
        ("rain/x, y", False, ["Rain", "Snow"], "Rain: x, y"),
        ("rain/measured", False, [], "rain: measured"),
        ("rain/p1041", False, ["Rain"], "Rain: a, b, c, d"),
        ("rain/p1041", False, [], "rain: a, b, c, d"),
    ],
)
def test_display_names(name: str, live: bool, titles: list[str], expected: str) -> None:
    source = {"name": name, "live": live, "columns": {column: {} for column in "abcdefg"}}
    assert display_name(source, [{"title": title} for title in titles]) == expected
