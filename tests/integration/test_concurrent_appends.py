"""Eight clients append and read through two data services on one Redis; `make soak` does it for a minute."""

from tests.support.concurrent_appends import CLIENTS, run_clients, two_data_services

SECONDS = 4.0


def test_acknowledged_rows_are_stored_once_and_reads_are_of_versions() -> None:
    with two_data_services() as services:
        summary = run_clients(services, SECONDS)
    print(summary)
    assert int(summary.split()[0]) >= CLIENTS
