"""A short soak test; `make soak` runs the long one."""

from tests.garbage.soak import soak

SECONDS = 10


def test_collecting_while_plots_are_published_loses_nothing(storage_url: str) -> None:
    assert "no garbage is left" in soak(storage_url, SECONDS)
