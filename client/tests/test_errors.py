import inspect

import pytest

from bokeh_cloud import errors
from bokeh_cloud.errors import CloudError, InvalidArgument, NotPublishable, Rejected, ServerUnreachable


def test_all_exceptions_have_one_base_class() -> None:
    found = [
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__
    ]
    assert len(found) == 9
    assert all(issubclass(kind, CloudError) for kind in found)


def test_exceptions_are_also_builtin_exceptions() -> None:
    assert issubclass(NotPublishable, ValueError)
    assert issubclass(InvalidArgument, ValueError)
    assert issubclass(ServerUnreachable, ConnectionError)


@pytest.mark.parametrize(
    ("kind", "slug"),
    [("/problems/missing-chunks", "missing-chunks"), ("about:blank", "about:blank"), (None, "")],
)
def test_the_slug_is_the_last_part_of_the_type(kind: str | None, slug: str) -> None:
    assert Rejected("no", 422, {"type": kind} if kind else None).slug == slug
