"""Fixture `faulty`: one populated cloud for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.faulty_cloud import FaultyCloud, start_faulty_cloud
from tests.faults.population import size

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before all other tests get the group of their file
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that share a cloud in one process."""
    for item in items:
        if HERE in item.path.parents and "faulty" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("tests/faults"))


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """A populated cloud that can be disturbed."""
    with start_faulty_cloud(tmp_path_factory.mktemp("faults"), size()) as cloud:
        yield cloud
