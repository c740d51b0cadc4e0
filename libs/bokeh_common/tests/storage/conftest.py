"""Which backends the contracts run on."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite("bokeh_common.storage.testing")

from bokeh_common.storage.testing.local import LocalMedium  # noqa: E402 - after its assertions are rewritten
from bokeh_common.storage.testing.medium import Medium  # noqa: E402


@pytest.fixture(params=["local"])
def medium(request: pytest.FixtureRequest, tmp_path: Path) -> Medium:
    """An empty backend."""
    return LocalMedium(tmp_path)
