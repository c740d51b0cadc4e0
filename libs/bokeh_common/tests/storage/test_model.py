"""Random sequences of calls do to every backend what they do to a dictionary."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from bokeh_common.storage.testing.medium import Medium
from bokeh_common.storage.testing.model import StoresAsDictionaries


def test_as_a_dictionary(medium: Medium) -> None:
    machine = type("Machine", (StoresAsDictionaries,), {"medium": medium})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
