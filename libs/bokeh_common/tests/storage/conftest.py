"""Fixtures of the storage tests: the backends on which the contracts are tested."""

import pytest

pytest.register_assert_rewrite("bokeh_common.storage.testing")

# Imported here, after the assertions of the package are rewritten.
from bokeh_common.storage.testing.fixtures import (  # noqa: E402  # as said above
    azurite,
    azurite_port,
    backend,
    cluster_port,
    redis_port,
)  # fmt: skip

__all__ = ["azurite", "azurite_port", "backend", "cluster_port", "redis_port"]
