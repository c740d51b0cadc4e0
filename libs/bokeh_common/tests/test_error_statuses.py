"""The HTTP statuses of errors."""

from bokeh_common.errors import CloudError, Conflict
from bokeh_common.http.errors import status_of


class LeaseTaken(Conflict):
    """A kind of conflict that only one service knows."""


def test_a_subclass_has_the_status_of_its_base() -> None:
    assert status_of(LeaseTaken("taken")) == status_of(Conflict("changed")) == 409


def test_other_errors_are_internal() -> None:
    assert status_of(CloudError("?")) == 500
