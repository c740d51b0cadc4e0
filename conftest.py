"""Fixtures of all tests."""

from pathlib import Path

import pytest


@pytest.fixture
def storage(tmp_path: Path) -> str:
    """URL of an empty local storage."""
    return f"local://{tmp_path / 'storage'}"
