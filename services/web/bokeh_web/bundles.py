"""Getting a version of BokehJS: out of a wheel of Bokeh, which holds all of its files.

`pip` fetches the wheel, by the settings for package registries that this machine has.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.storage import BlobStore
from bokeh_web.bokehjs import FILE, ROOM, VERSION, keys_of

INSIDE = "bokeh/server/static/js/"
MAIN = "bokeh.min.js"
OLDEST = 3  # frames hand documents over in the way of Bokeh 3
FETCH_SECONDS = 300


def fetch(version: str, folder: Path) -> Path:
    """Have pip fetch the wheel of a version of Bokeh.

    Raises:
        Invalid: that is no version of Bokeh 3 or newer.
        NotFound: there is no such version to be had; the message has pip's words.
    """
    found = VERSION.fullmatch(version)
    if found is None or int(found[1]) < OLDEST:
        raise Invalid(f"{version!r} is not a version of Bokeh from 3.0.0 on, such as 3.4.3.")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    options = ["--only-binary=:all:", "--ignore-requires-python", "--dest", str(folder), f"bokeh=={version}"]
    done = subprocess.run(  # noqa: S603  # pip itself, and a version that was checked
        [*command, *options], capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
    )
    wheels = list(folder.glob("bokeh-*.whl"))
    if done.returncode or not wheels:
        reason = " ".join(done.stderr.split())[-300:]
        raise NotFound(f"pip found no Bokeh {version}: {reason} Give the wheel's path with --wheel instead.")
    return wheels[0]


def files_of(wheel: Path) -> dict[str, bytes]:
    """Return the minified files of BokehJS in a wheel, by name; `Invalid` where there are none."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(INSIDE)]
            kept = {name.removeprefix(INSIDE): name for name in names}
            files = {short: archive.read(name) for short, name in kept.items() if FILE.fullmatch(short)}
    except (OSError, zipfile.BadZipFile) as error:
        raise Invalid(f"{wheel} is not a wheel that can be read ({error}).") from None
    if MAIN not in files:
        raise Invalid(f"{wheel} is not a wheel of Bokeh: there is no {INSIDE}{MAIN} in it.")
    return files


def add(blobs: BlobStore, version: str, wheel: Path | None = None) -> dict[str, bytes]:
    """Store a version of BokehJS for the web service; return its files. Raises as `fetch` and `files_of`."""
    with tempfile.TemporaryDirectory() as folder:
        files = files_of(wheel or fetch(version, Path(folder)))
    # The main file is last, so that a version that is listed is whole.
    for name in sorted(files, key=lambda name: name == MAIN):
        blobs.put(f"{ROOM}{version}/{name}", [files[name]])
    return files


def remove(blobs: BlobStore, version: str) -> None:
    """Remove a version from the storage; `NotFound`."""
    keys = [key for key in keys_of(blobs) if key.startswith(f"{ROOM}{version}/")]
    if not keys:
        raise NotFound(f"The storage has no BokehJS {version}.")
    for key in keys:
        blobs.delete(key)
