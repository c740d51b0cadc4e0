"""`~/.bokeh/config`: general settings, `key = value` on each line; no secrets, safe to post.

Bokeh up to 3.4 reads this file as YAML, and wants a mapping or nothing. Lines of `key = value` are one long
text to YAML, so both live together; a section header, or `key: value` beside them, would break Bokeh's
sample data. Hence no sections; lines in another form are Bokeh's, and ignored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import CloudError
from .folder import Folder

FILE = "config"
LINE = re.compile(r"([a-z_]+)\s*=\s*(.*?)\s*")
YES, NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
VISIBILITIES = ("private", "link", "public")


@dataclass(frozen=True, slots=True)
class General:
    """The settings, each of which `BOKEH_CLOUD_<NAME>` overrides.

    Attributes:
        browser: whether `show` opens the page of a plot in the browser.
        progress: whether uploads show a progress bar, on terminals and in notebooks.
        keyring: whether `bokeh-cloud login` keeps the key in the keyring of the operating system.
        visibility: what plots that are published for the first time are: private, link or public.
        thumbnail: whether `publish` sends a picture, where Bokeh can export one (selenium).
        frame_height: pixels of a plot's frame in a notebook.
        ca_bundle: a PEM file with the authorities that may vouch for servers, in place of the usual ones.
    """

    browser: bool = True
    progress: bool = True
    keyring: bool = False
    visibility: str = "private"
    thumbnail: bool = False
    frame_height: int = 600
    ca_bundle: str = ""

    @classmethod
    def load(cls, folder: Folder, environ: Mapping[str, str]) -> "General":
        """Read the file and what the environment says over it.

        Raises:
            CloudError: a value is none; the message says where and which ones there are.
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
        raise CloudError(f"{where}: {name} is yes or no, not {text!r}.")
    return bool(getattr(DEFAULTS, name))


def _visibility(found: Found) -> str:
    text, where = found.get("visibility", (DEFAULTS.visibility, ""))
    if text not in VISIBILITIES:
        raise CloudError(f"{where}: visibility is one of {', '.join(VISIBILITIES)}, not {text!r}.")
    return text


def _pixels(found: Found) -> int:
    text, where = found.get("frame_height", (str(DEFAULTS.frame_height), ""))
    if not re.fullmatch(r"[1-9]\d{1,3}", text):
        raise CloudError(f"{where}: frame_height is a number of pixels between 10 and 9999, not {text!r}.")
    return int(text)
