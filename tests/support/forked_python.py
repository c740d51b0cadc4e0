"""Python programs in forks of a process that has imported Bokeh and the client already.

A program has a process of its own, as with `subprocess.run`; it only saves the second of processor time that
an interpreter takes to start and to import. What depends on imports is tested in interpreters of its own.
"""

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

TIMEOUT = 300  # seconds


def run_python(
    *arguments: str, cwd: Path | None = None, given: str = "", environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `python` with these arguments, which begin with a file or with `-m` and a module.

    Args:
        arguments: of the interpreter.
        cwd: the working directory, if it is not that of this process.
        given: the standard input.
        environ: the environment, if it is not that of this process.
    """
    done = run_python_binary(*arguments, cwd=cwd, given=given, environ=environ)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def run_python_binary(
    *arguments: str, cwd: Path | None = None, given: str = "", environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run `python` as `run_python` does, and return what it prints in bytes."""
    with TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(given)
        request = {
            "arguments": arguments,
            "cwd": str(cwd or Path.cwd()),
            "environ": dict(os.environ if environ is None else environ),
            "streams": [str(stream) for stream in streams],
        }
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        printed = [stream.read_bytes() for stream in streams[1:]]
    return subprocess.CompletedProcess([sys.executable, *arguments], code, *printed)


@cache
def _server() -> "subprocess.Popen[str]":
    """Start the process that forks; it ends with this one, whose end closes its input."""
    server = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(server.communicate)
    return server


def serve() -> None:
    """Fork a process for each request, a line of JSON, and answer with its exit code."""
    import bokeh.models
    import bokeh.plotting  # noqa: F401  # imported for the forks

    import bokeh_cloud.cli  # noqa: F401  # as above

    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(arguments: list[str], cwd: str, environ: dict[str, str], streams: list[str]) -> None:
    """Do what a new interpreter would do, and end."""
    for number, stream in enumerate(streams):
        os.dup2(os.open(stream, os.O_RDWR | os.O_CREAT), number)
    signal.alarm(TIMEOUT)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # without what is buffered of the requests
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    code: Any = 0
    try:
        if arguments[0] == "-m":
            sys.argv, sys.path[0] = arguments[1:], cwd
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).resolve().parent)
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:  # noqa: BLE001  # as an interpreter does
        sys.excepthook(*sys.exc_info())
        code = 1
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    os._exit(code or 0)


if __name__ == "__main__":
    serve()
