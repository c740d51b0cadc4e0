"""Fixture `faulty`: one populated cloud for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.faults.faulty_cloud import FaultyCloud, start_faulty_cloud
from tests.faults.population import size


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """A populated cloud that can be disturbed."""
    with start_faulty_cloud(tmp_path_factory.mktemp("faults"), size()) as cloud:
        yield cloud
