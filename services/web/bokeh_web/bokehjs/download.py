"""Adds versions of BokehJS to the storage, from the wheels of Bokeh, which contain it.

`pip` downloads the wheel, with the package index that is configured on this machine.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.storage import BlobStore
from bokeh_web.bokehjs.versions import FILE, KEY_PREFIX, VERSION, list_keys

JS_FOLDER = "bokeh/server/static/js/"
MAIN_FILE = "bokeh.min.js"
MIN_MAJOR = 3  # frames use an interface of BokehJS 3
DOWNLOAD_SECONDS = 300


def download_wheel(version: str, folder: Path) -> Path:
    """Download the wheel of a version of Bokeh with pip.

    Raises:
        Invalid: that is not a version of Bokeh, or it is older than 3.0.
        NotFound: pip did not find it; the message contains pip's own.
    """
    found = VERSION.fullmatch(version)
    if found is None or int(found[1]) < MIN_MAJOR:
        raise Invalid(f"{version!r} is not a version of Bokeh from 3.0.0 on, such as 3.4.3.")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    options = ["--only-binary=:all:", "--ignore-requires-python", "--dest", str(folder), f"bokeh=={version}"]
    done = subprocess.run(  # noqa: S603  # pip itself, with a version that was checked
        [*command, *options], capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
    )
    wheels = list(folder.glob("bokeh-*.whl"))
    if done.returncode or not wheels:
        reason = " ".join(done.stderr.split())[-300:]
        raise NotFound(
            f"pip found no Bokeh {version}: {reason} Pass the path of a wheel with --wheel instead."
        )
    return wheels[0]


def bokehjs_files(wheel: Path) -> dict[str, bytes]:
    """Return the minified files of BokehJS in a wheel of Bokeh, by name.

    Raises:
        Invalid: the file is not a wheel of Bokeh.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            paths = [path for path in archive.namelist() if path.startswith(JS_FOLDER)]
            names = {path.removeprefix(JS_FOLDER): path for path in paths}
            files = {name: archive.read(path) for name, path in names.items() if FILE.fullmatch(name)}
    except (OSError, zipfile.BadZipFile) as error:
        raise Invalid(f"{wheel} is not a wheel that can be read ({error}).") from None
    if MAIN_FILE not in files:
        raise Invalid(f"{wheel} is not a wheel of Bokeh: it does not contain {JS_FOLDER}{MAIN_FILE}.")
    return files


def add(blobs: BlobStore, version: str, wheel: Path | None = None) -> dict[str, bytes]:
    """Store a version of BokehJS for the web service, and return its files.

    Raises:
        Invalid: as `download_wheel` and `bokehjs_files`.
        NotFound: as `download_wheel`.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = bokehjs_files(wheel or download_wheel(version, Path(folder)))
    # The main file is written last, so that it is there only if all others are.
    for name in sorted(files, key=lambda name: name == MAIN_FILE):
        blobs.put(f"{KEY_PREFIX}{version}/{name}", [files[name]])
    return files


def remove(blobs: BlobStore, version: str) -> None:
    """Remove a version from the storage.

    Raises:
        NotFound: the storage does not contain it.
    """
    keys = [key for key in list_keys(blobs) if key.startswith(f"{KEY_PREFIX}{version}/")]
    if not keys:
        raise NotFound(f"The storage has no BokehJS {version}.")
    for key in keys:
        blobs.delete(key)
