"""`~/.bokeh/cloud.cfg`: URL, user name and API key of the cloud. INI, 0600, rewritten only by us.

    [cloud]
    url = https://plots.example.org
    username = maria
    apikey = bkp_...

With `keyring = yes` in place of the key, that is in the keyring of the operating system.
"""

from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from typing import Any

from ..errors import CloudError
from .address import normalised
from .folder import Folder

FILE = "cloud.cfg"
SECTION = "cloud"
SERVICE = "bokeh-cloud"  # under which keys are kept in keyrings; the "user name" there is the URL


@dataclass(frozen=True, slots=True)
class CloudFile:
    """What the file says; the key stays out of every repr."""

    url: str
    username: str = ""
    apikey: str | None = field(default=None, repr=False)
    in_keyring: bool = False

    @classmethod
    def load(cls, folder: Folder) -> "CloudFile | None":
        """Read the file; None without one. A key in the keyring is not fetched yet.

        Raises:
            CloudError: it is no INI file, or has no URL.
        """
        text = folder.read_private(FILE)
        if not text.strip():
            return None
        section = parsed(text, folder.where(FILE)).get(SECTION)
        if not section or not section.get("url"):
            raise CloudError(
                f"{folder.where(FILE)} has no [cloud] section with a url; run `bokeh-cloud login URL`."
            )
        return cls(
            normalised(section["url"]),
            section.get("username", ""),
            section.get("apikey") or None,
            section.get("keyring", "no").lower() == "yes",
        )

    def key(self) -> str | None:
        """Return the key, from the keyring if it is there."""
        return keyring().get_password(SERVICE, self.url) if self.in_keyring else self.apikey

    def save(self, folder: Folder) -> None:
        """Write the file, and the key into the keyring if it belongs there; CloudError where that fails."""
        if self.in_keyring and self.apikey:
            keyring().set_password(SERVICE, self.url, self.apikey)
        key = "keyring = yes" if self.in_keyring else f"apikey = {self.apikey or ''}"
        lines = ["# Written by `bokeh-cloud login`.", f"[{SECTION}]", f"url = {self.url}"]
        folder.write_private(FILE, "\n".join([*lines, f"username = {self.username}", key, ""]))

    def forget_key(self, folder: Folder) -> None:
        """Remove the key from the file or the keyring; the URL stays."""
        if self.in_keyring and self.key() is not None:
            keyring().delete_password(SERVICE, self.url)
        CloudFile(self.url, self.username).save(folder)


def parsed(text: str, where: str) -> dict[str, dict[str, str]]:
    """Return the sections of an INI text; raises CloudError where it is none."""
    parser = ConfigParser(interpolation=None, default_section="\0")
    try:
        parser.read_string(text)
    except Error as error:  # its message quotes the line, in which a key may be
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", ())), ("?",))[0]
        raise CloudError(f"{where} is not an INI file: {type(error).__name__} at line {line}.") from None
    return {name: dict(section) for name, section in parser.items() if name != "\0"}


def keyring() -> Any:
    """Return the module `keyring`, whose backend is one that keeps what it is given.

    Raises:
        CloudError: it is not installed, or finds no keyring on this computer.
    """
    try:
        import keyring as module
        from keyring.backends import fail
    except ImportError:
        raise CloudError("Keeping keys in a keyring needs: pip install bokeh-cloud[keyring]") from None
    if isinstance(module.get_keyring(), fail.Keyring):
        raise CloudError(
            "This computer has no keyring that Python can use; log in without --keyring, or see "
            "`python -m keyring --list-backends`."
        )
    return module
