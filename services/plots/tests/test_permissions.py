"""Who may see a plot."""

import pytest

from bokeh_plots.permissions import may_see
from bokeh_plots.plots import VISIBILITIES, Plot, Version


@pytest.mark.parametrize(
    ("reader", "only", "sees"),
    [
        ("ada", None, {"private", "link", "public"}),
        ("ada", "p1", {"private", "link", "public"}),
        ("ada", "p2", set()),
        ("bob", None, {"link", "public"}),
        ("bob", "p1", set()),
        ("", None, {"link", "public"}),
        ("", "p1", set()),
    ],
)
def test_who_sees_what(reader: str, only: str | None, sees: set[str]) -> None:
    version = Version(1, "", "", "2026-11-24T12:00:00Z")
    for visibility in VISIBILITIES:
        plot = Plot("p1", "sine", "Sine", "ada", visibility, version.created, (version,))
        assert may_see(plot, reader, only) == (visibility in sees)
