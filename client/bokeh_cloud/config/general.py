"""`~/.bokeh/config`: general settings, one `key = value` per line; no secrets.

Bokeh up to 3.4 reads this file as YAML, for the settings of its sample data, and expects a mapping. Lines of
`key = value` are one string in YAML, which Bokeh ignores, while a section header, or a `key: value` beside
them, would be an error. So there are no sections, and other lines are ignored here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bokeh_cloud.config.folder import ConfigFolder
from bokeh_cloud.errors import CloudError

FILE = "config"
LINE = re.compile(r"([a-z_]+)\s*=\s*(.*?)\s*")
YES, NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
VISIBILITIES = ("private", "link", "public")


@dataclass(frozen=True, slots=True)
class General:
    """The settings; the environment variable `BOKEH_CLOUD_<NAME>` overrides each of them.

    Attributes:
        browser: whether `show` opens the page of a plot in the browser.
        progress: whether uploads show a progress bar, in terminals and notebooks.
        keyring: whether `bokeh-cloud login` keeps the key in the keyring of the operating system.
        visibility: of plots that are published for the first time: private, link or public.
        thumbnail: whether `publish` uploads a thumbnail, which needs Bokeh's export (selenium).
        frame_height: of a plot in a notebook, in pixels.
        ca_bundle: a PEM file with the certificate authorities to trust, instead of the usual ones.
    """

    browser: bool = True
    progress: bool = True
    keyring: bool = False
    visibility: str = "private"
    thumbnail: bool = False
    frame_height: int = 600
    ca_bundle: str = ""

    @classmethod
    def load(cls, folder: ConfigFolder, environ: Mapping[str, str]) -> "General":
        """Read the file and the environment variables.

        Raises:
            CloudError: a value is invalid; the message says where, and which values are valid.
        """
        found = {name: (text, folder.where(FILE)) for name, text in _lines(folder.read(FILE)).items()}
        for name in cls.__slots__:
            variable = f"BOKEH_CLOUD_{name.upper()}"
            if text := environ.get(variable):
                found[name] = (text, variable)
        return cls(
            browser=_flag(found, "browser"),
            progress=_flag(found, "progress"),
            keyring=_flag(found, "keyring"),
            visibility=_visibility(found),
            thumbnail=_flag(found, "thumbnail"),
            frame_height=_pixels(found),
            ca_bundle=found.get("ca_bundle", ("", ""))[0],
        )


DEFAULTS = General()

#: Values by name of the setting, and where each is set.
Found = Mapping[str, tuple[str, str]]


def _lines(text: str) -> dict[str, str]:
    matches = (LINE.fullmatch(line.strip()) for line in text.splitlines())
    return {match[1]: match[2] for match in matches if match}


def _flag(found: Found, name: str) -> bool:
    text, where = found.get(name, ("", ""))
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    if where:
        raise CloudError(f"{where}: {name} must be yes or no, not {text!r}.")
    return bool(getattr(DEFAULTS, name))


def _visibility(found: Found) -> str:
    text, where = found.get("visibility", (DEFAULTS.visibility, ""))
    if text not in VISIBILITIES:
        raise CloudError(f"{where}: visibility must be one of {', '.join(VISIBILITIES)}, not {text!r}.")
    return text


def _pixels(found: Found) -> int:
    text, where = found.get("frame_height", (str(DEFAULTS.frame_height), ""))
    if not re.fullmatch(r"[1-9]\d{1,3}", text):
        raise CloudError(
            f"{where}: frame_height must be a number of pixels between 10 and 9999, not {text!r}."
        )
    return int(text)
