"""Runs `bokeh-cloud` in a process of its own, as a shell does; its imports are done before."""

import subprocess
import sys
from pathlib import Path

from tests.support.forked_python import run_python

#: The command in an interpreter of its own.
COMMAND = (sys.executable, "-m", "bokeh_cloud")


def run(
    *arguments: str, code: int | None = 0, given: str = "", cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end.

    Args:
        arguments: of the command.
        code: the expected exit code; None for any.
        given: standard input.
        cwd: working directory.
    """
    done = run_python("-m", "bokeh_cloud", *arguments, given=given, cwd=cwd)
    assert code is None or done.returncode == code, done.stderr
    assert "bkp_" not in done.stderr, "an API key is printed"
    return done


def output_of(*arguments: str, code: int = 0, cwd: Path | None = None) -> str:
    """Run a command, and return its output; that of an error is the message."""
    done = run(*arguments, code=code, cwd=cwd)
    return done.stdout or done.stderr
