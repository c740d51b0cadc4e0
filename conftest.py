"""Fixtures of all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def storage(tmp_path: Path) -> str:
    """URL of an empty local storage."""
    return f"local://{tmp_path / 'storage'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file together where several processes share a run (`-n 2`): they share servers."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(item.config.rootpath))))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run of CI that skipped anything: what a laptop may lack, CI has to install."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
