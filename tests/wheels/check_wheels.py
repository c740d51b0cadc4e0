"""The wheels of `make dist`, in empty environments: the client publishes, and the server serves.

`make test-dist` runs these checks; they are not among the default tests, since they install everything again.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.embedded_server import one_process

DIST = ROOT / "dist"

PROGRAM = """
from bokeh.plotting import figure
import bokeh_cloud, sys

p = figure(title="From a wheel")
p.line([0, 1], [0, 1])
print(bokeh_cloud.Server(sys.argv[1]).publish(p, "wheel").url)
"""


@pytest.fixture(scope="module")
def constraints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned versions of all dependencies and of our own distributions."""
    own = ["{}=={}".format(*wheel.name.split("-")[:2]) for wheel in DIST.glob("*.whl")]
    path = tmp_path_factory.mktemp("constraints") / "constraints.txt"
    path.write_text("\n".join([(ROOT / "constraints.txt").read_text(), *own, ""]))
    return path


def install(folder: Path, name: str, constraints: Path) -> Path:
    """Install the wheel of a distribution into a new environment; return its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    [wheel] = DIST.glob(f"{name}-*.whl")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--find-links", str(DIST), "-c", str(constraints), str(wheel)], check=True, timeout=600
    )
    return folder / "bin"


def test_every_distribution_has_a_wheel() -> None:
    names = {wheel.name.split("-")[0] for wheel in DIST.glob("*.whl")}
    assert names == {"bokeh_cloud", "bokeh_cloud_server", "bokeh_common"} | {
        f"bokeh_cloud_{service}" for service in ("auth", "data", "gc", "plots", "web")
    }


def test_the_client_publishes_and_installs_no_server(tmp_path: Path, constraints: Path) -> None:
    programs = install(tmp_path / "client", "bokeh_cloud", constraints)
    (tmp_path / "program.py").write_text(PROGRAM)
    with one_process(f"local://{tmp_path / 'storage'}") as url:
        done = subprocess.run(
            [str(programs / "python"), "program.py", url],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{url}/plots/")
        subprocess.run([str(programs / "bokeh-cloud"), "plots", "--url", url], check=True, timeout=60)
    assert not list((tmp_path / "client").glob("lib/*/site-packages/falcon"))


def test_the_server_serves(tmp_path: Path, constraints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = install(tmp_path / "server", "bokeh_cloud_server", constraints)
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.setenv("SERVER_PROGRAM", str(programs / "bokeh-cloud"))
    with one_process(f"local://{tmp_path / 'storage'}") as url:
        command = [str(programs / "python"), "program.py", url]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        import requests

        page = requests.get(done.stdout.strip(), timeout=30)
        assert page.status_code == 200
