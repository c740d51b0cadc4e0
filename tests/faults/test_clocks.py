"""Clocks jump, and differ between services."""

from collections.abc import Iterator

import pytest

from tests.faults.faulty_cloud import FaultyCloud, start_faulty_cloud
from tests.faults.verification import nothing_is_lost
from tests.support.processes import SERVICES

DAY = 86_400.0
HOUR = 3_600.0


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """A cloud all of whose clocks can be set; it has one other account only, since it is slow."""
    with start_faulty_cloud(tmp_path_factory.mktemp("clocks"), 1, SERVICES) as cloud:
        yield cloud


def test_clocks_jump_forward_and_back(clocked: FaultyCloud) -> None:
    with nothing_is_lost(clocked) as workload:
        for offset in (DAY, -DAY, 0.0):
            clocked.clocks.set_all(offset)
            workload.wait_for_progress()


def test_the_clocks_of_services_differ(clocked: FaultyCloud) -> None:
    with nothing_is_lost(clocked) as workload:
        clocked.clocks.set({service: HOUR * (number - 2) for number, service in enumerate(SERVICES)})
        workload.wait_for_progress()
    clocked.clocks.set_all(0)
