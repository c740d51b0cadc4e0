"""Services cannot reach each other, while clients reach all of them."""

import time

import pytest

from tests.faults.faulty_cloud import FaultyCloud
from tests.faults.verification import nothing_is_lost

SECONDS = 0.7

#: The services that others call.
CALLED = ("auth", "plots", "data", "gc")


@pytest.mark.parametrize("service", CALLED)
def test_a_service_that_others_cannot_reach(faulty: FaultyCloud, service: str) -> None:
    with nothing_is_lost(faulty) as workload:
        with faulty.service_proxies[service].resetting():
            time.sleep(SECONDS)
        workload.wait_for_progress()


def test_services_that_do_not_get_the_responses_of_others(faulty: FaultyCloud) -> None:
    """Requests are executed, and the callers do not learn it."""
    with nothing_is_lost(faulty) as workload:
        for service in CALLED:
            with faulty.service_proxies[service].losing_responses(5):
                time.sleep(SECONDS / 2)
        workload.wait_for_progress()


def test_a_connection_between_services_that_stalls(faulty: FaultyCloud) -> None:
    with nothing_is_lost(faulty) as workload:
        with faulty.service_proxies["data"].stalling():
            time.sleep(SECONDS)
        workload.wait_for_progress()
