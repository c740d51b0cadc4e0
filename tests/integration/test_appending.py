"""Two data services on one Redis, eight clients that append and read; a minute of it is in `make soak`."""

from tests.appending import CLIENTS, appending, two_services

SECONDS = 4.0


def test_acknowledged_rows_are_there_once_and_reads_are_of_versions() -> None:
    with two_services() as services:
        said = appending(services, SECONDS)
    print(said)
    assert int(said.split()[0]) >= CLIENTS
