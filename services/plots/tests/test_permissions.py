"""Who may see a plot, and which of its versions."""

from typing import Any

import pytest

from bokeh_common.errors import NotFound
from bokeh_common.view_grant import ViewGrant
from bokeh_plots.plots.permissions import Reader, as_seen_by, sees_as_published
from bokeh_plots.plots.plots import Plot, Version
from bokeh_plots.plots.summaries import VISIBILITIES


def plot(visibility: Any, **attributes: Any) -> Plot:
    """Return a plot of ada with the versions 1, 2 and 3."""
    versions = tuple(Version(number, "", "", "2026-11-24T12:00:00Z") for number in (1, 2, 3))
    return Plot("p1", "sine", "Sine", "ada", visibility, versions[0].created, versions, **attributes)


def seen(found: Plot, reader: Reader) -> list[int]:
    """Return the numbers of the versions that a reader may see."""
    try:
        return [version.version for version in as_seen_by(found, reader).versions]
    except NotFound:
        return []


@pytest.mark.parametrize(
    ("reader", "only", "visibilities"),
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
def test_which_visibilities_a_reader_may_see(reader: str, only: str | None, visibilities: set[str]) -> None:
    for visibility in VISIBILITIES:
        assert bool(seen(plot(visibility), Reader(reader, only))) == (visibility in visibilities)


@pytest.mark.parametrize(
    ("grant", "numbers"),
    [
        (ViewGrant(), [3]),
        (ViewGrant(version=2), [2, 3]),
        (ViewGrant(version=3), [3]),
        (ViewGrant(version=2, pinned=True), [2]),
        (ViewGrant(version=4), []),
    ],
)
def test_a_view_token_grants_the_version_that_its_page_shows_and_newer_ones(
    grant: ViewGrant, numbers: list[int]
) -> None:
    for visibility in VISIBILITIES:
        assert seen(plot(visibility), Reader("ada", "p1", grant)) == numbers
        assert seen(plot(visibility), Reader("ada", "p2", grant)) == []
        assert seen(plot(visibility), Reader("bob", "p1", grant)) == []


@pytest.mark.parametrize(
    ("history", "reader", "numbers"),
    [
        (False, Reader("ada"), [1, 2, 3]),
        (False, Reader("bob"), [3]),
        (False, Reader(""), [3]),
        (False, Reader("ada", "p1"), [3]),
        (False, Reader("ada", "p1", history=True), [1, 2, 3]),
        (False, Reader("ada", "p2", history=True), []),
        (True, Reader("bob"), [1, 2, 3]),
        (True, Reader(""), [1, 2, 3]),
        (True, Reader("ada", "p1"), [1, 2, 3]),
    ],
)
@pytest.mark.parametrize("visibility", ["link", "public"])
def test_others_see_old_versions_only_with_history(
    visibility: str, history: bool, reader: Reader, numbers: list[int]
) -> None:
    assert seen(plot(visibility, history=history), reader) == numbers


def test_a_private_plot_has_a_history_for_share_links_with_history_only() -> None:
    """A private plot is not stored with `history`; it would have no effect."""
    found = plot("private", history=True)
    readers = Reader("ada", "p1"), Reader("ada", "p1", history=True), Reader("bob"), Reader("")
    assert [seen(found, reader) for reader in readers] == [[3], [1, 2, 3], [], []]


def test_a_view_token_does_not_open_versions_between_that_of_its_page_and_the_newest() -> None:
    """They may have been made while the plot was private."""
    assert seen(plot("public"), Reader("ada", "p1", ViewGrant(version=1, needs_open=True))) == [1, 3]


def test_a_view_token_that_needs_the_history_ends_with_it() -> None:
    reader = Reader("ada", "p1", ViewGrant(version=1, pinned=True, needs_open=True, needs_history=True))
    assert seen(plot("public", history=True), reader) == [1]
    assert seen(plot("public"), reader) == []


@pytest.mark.parametrize(
    ("reader", "history", "number", "expected"),
    [
        (Reader("ada"), False, 3, True),
        (Reader("ada"), False, None, False),
        (Reader("bob"), False, 3, False),
        (Reader("bob"), True, 3, True),
        (Reader("ada", "p1"), False, 3, False),
        (Reader("ada", "p1", history=True), False, 3, True),
        (Reader("ada", "p1", ViewGrant(version=3)), True, 3, False),
        (Reader("ada", "p1", ViewGrant(version=3, pinned=True)), False, 3, True),
    ],
)
def test_what_live_sources_were_is_history_too(
    reader: Reader, history: bool, number: int | None, expected: bool
) -> None:
    assert sees_as_published(plot("public", history=history), reader, number) is expected


def test_a_view_token_that_needs_an_open_plot_ends_when_the_plot_is_private() -> None:
    reader = Reader("ada", "p1", ViewGrant(version=2, needs_open=True))
    numbers = {visibility: seen(plot(visibility), reader) for visibility in VISIBILITIES}
    assert numbers == {"private": [], "link": [2, 3], "public": [2, 3]}
