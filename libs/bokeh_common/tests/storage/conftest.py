"""Fixtures of the storage tests: the backends that the contracts run on."""

import pytest

pytest.register_assert_rewrite("bokeh_common.storage.testing")

# After its assertions are rewritten, which is why this import stands here.
from bokeh_common.storage.testing.fixtures import (  # noqa: E402
    azurite,
    azurite_port,
    cluster_port,
    medium,
    redis_port,
)  # fmt: skip

__all__ = ["azurite", "azurite_port", "cluster_port", "medium", "redis_port"]
