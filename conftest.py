"""Fixtures of all tests."""

import asyncio
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

# A shared machine stops for a moment now and then: no example fails because it was slow.
settings.register_profile("bokeh-cloud", deadline=None)
settings.load_profile("bokeh-cloud")


@pytest.fixture
def storage(tmp_path: Path) -> str:
    """URL of an empty local storage."""
    return f"local://{tmp_path / 'storage'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the folder `tests` first, whose files take minutes: at the end, processes would wait for them."""
    items.sort(key=lambda item: item.path.relative_to(item.config.rootpath).parts[0] != "tests")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Set up tests of coroutines after tests of browsers."""
    with hidden_loop(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Run tests of coroutines after tests of browsers."""
    with hidden_loop(item):
        return (yield)


@contextmanager
def hidden_loop(item: pytest.Item) -> Iterator[None]:
    """Hide the event loop of Playwright from tests without a browser, so that they can run others.

    This loop keeps running in the thread while the browser of the session is open.
    """
    loop = None if "playwright" in getattr(item, "fixturenames", ()) else asyncio._get_running_loop()
    if loop is not None:
        asyncio._set_running_loop(None)
    try:
        yield
    finally:
        if loop is not None:
            asyncio._set_running_loop(loop)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run of CI that skipped anything: what a laptop may lack, CI has to install."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
