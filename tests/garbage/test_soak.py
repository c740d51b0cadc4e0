"""A short soak; `make soak` is the long one."""

from tests.garbage.soak import soak

SECONDS = 10


def test_nothing_is_lost_while_all_are_busy(storage_url: str) -> None:
    assert "nothing else is left" in soak(storage_url, SECONDS)
