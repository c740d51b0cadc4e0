"""The browser tests of pages, live plots and hostile plots, through the gateway."""

import subprocess
import sys

from tests import ROOT
from tests.compose.conftest import environ_of
from tests.support.users import RunningCloud

TESTS = [f"tests/browser/test_{name}.py" for name in ("pages", "plot_page", "live", "hostile")]

#: One look is enough here; and notebooks are shown by servers without keys alone.
LEFT_OUT = "dark or 390-light or notebook"


def test_the_browser_tests_pass_in_containers(cloud: RunningCloud, keys: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-k", f"not ({LEFT_OUT})", *TESTS]
    done = subprocess.run(
        command, cwd=ROOT, env=environ_of(cloud), capture_output=True, text=True, timeout=1200
    )
    assert done.returncode == 0, done.stdout[-8000:]
