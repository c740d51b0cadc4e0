"""Fixtures of the storage tests: the backends that the contracts run on."""

import pytest

pytest.register_assert_rewrite("bokeh_common.storage.testing")

# After its assertions are rewritten, which is why this import stands here.
from bokeh_common.storage.testing.fixtures import cluster_port, medium, redis_port  # noqa: E402

__all__ = ["cluster_port", "medium", "redis_port"]
