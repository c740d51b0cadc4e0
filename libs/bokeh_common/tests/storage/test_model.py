"""Random sequences of calls have the same effect on a backend as on dictionaries."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from bokeh_common.storage.testing.contract.model import StoreModel
from bokeh_common.storage.testing.servers.backend import Backend


def test_a_backend_behaves_like_dictionaries(backend: Backend) -> None:
    machine = type("Machine", (StoreModel,), {"backend": backend})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck)),
    )
