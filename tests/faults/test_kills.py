"""Services and their storage are killed while clients publish, append, collect garbage and request mail."""

import time

import pytest

from tests.faults.faulty_cloud import FaultyCloud
from tests.faults.verification import check_fsck, collect_garbage, nothing_is_lost
from tests.support.processes import SERVICES
from tests.support.waiting import wait_until

DOWN_SECONDS = 0.2


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service(faulty: FaultyCloud, service: str) -> None:
    [replica] = faulty.processes.of(service)
    with nothing_is_lost(faulty, collecting=True) as workload:
        replica.kill()
        time.sleep(DOWN_SECONDS)
        replica.start()
        replica.wait_until_ready()
        workload.wait_for_progress()
    if service == "gc":  # it held a lease
        collect_garbage(faulty)


def test_all_services_are_killed_at_once(faulty: FaultyCloud) -> None:
    with nothing_is_lost(faulty, collecting=True) as workload:
        for replica in faulty.processes.replicas:
            replica.kill()
        for replica in faulty.processes.replicas:
            replica.start()
        for replica in faulty.processes.replicas:
            replica.wait_until_ready()
        workload.wait_for_progress()
    collect_garbage(faulty)
    check_fsck(faulty.storage)


def test_the_storage_is_killed(faulty: FaultyCloud) -> None:
    with nothing_is_lost(faulty) as workload:
        faulty.redis.kill()
        time.sleep(DOWN_SECONDS)
        faulty.redis.start()
        workload.wait_for_progress()


def test_a_service_is_killed_while_it_sends_mail(faulty: FaultyCloud) -> None:
    """The mail server has not accepted a message when its sender is killed; it is sent after the lease."""
    [auth] = faulty.processes.of("auth")
    with nothing_is_lost(faulty) as workload, faulty.mailbox.holding():
        wait_until(lambda: faulty.mailbox.held)
        auth.kill()
        auth.start()
        auth.wait_until_ready()
        workload.wait_for_progress("versions", "rows")
