"""Filters of templates."""

import pytest

from bokeh_web.pages.jinja_filters import device_code, minute


@pytest.mark.parametrize("typed", ["jsxt khcr", "JSXT-KHCR", "jsxtkhcr"])
def test_codes_are_shown_as_programs_show_them(typed: str) -> None:
    assert device_code(typed) == "JSXT-KHCR"


def test_minutes_are_shown_in_utc() -> None:
    assert minute("2026-11-24T10:05:59+01:00") == "24 Nov 2026, 09:05 UTC"
