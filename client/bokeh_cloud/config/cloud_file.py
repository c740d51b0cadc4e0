"""`~/.bokeh/cloud.cfg`: URL, username and API key of the cloud; INI, 0600, only written by this package.

    [cloud]
    url = https://plots.example.org
    username = maria
    apikey = bkp_...

With `keyring = yes` instead of the key, the key is in the keyring of the operating system.
"""

from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from typing import Any

from bokeh_cloud.config.address import normalise_url
from bokeh_cloud.config.folder import ConfigFolder
from bokeh_cloud.errors import CloudError

FILE = "cloud.cfg"
SECTION = "cloud"
SERVICE = "bokeh-cloud"  # the service of keys in keyrings; their username there is the URL


@dataclass(frozen=True, slots=True)
class CloudFile:
    """The contents of the file; the key is not in the repr."""

    url: str
    username: str = ""
    apikey: str | None = field(default=None, repr=False)
    in_keyring: bool = False

    @classmethod
    def load(cls, folder: ConfigFolder) -> "CloudFile | None":
        """Read the file; None if there is none. A key in the keyring is not read yet.

        Raises:
            CloudError: it is not an INI file, or has no URL.
        """
        text = folder.read_private(FILE)
        if not text.strip():
            return None
        section = parse_ini(text, folder.where(FILE)).get(SECTION)
        if not section or not section.get("url"):
            raise CloudError(
                f"{folder.where(FILE)} has no [cloud] section with a url; run `bokeh-cloud login URL`."
            )
        return cls(
            normalise_url(section["url"]),
            section.get("username", ""),
            section.get("apikey") or None,
            section.get("keyring", "no").lower() == "yes",
        )

    def key(self) -> str | None:
        """Return the key, from the keyring if it is kept there."""
        return load_keyring().get_password(SERVICE, self.url) if self.in_keyring else self.apikey

    def save(self, folder: ConfigFolder) -> None:
        """Write the file, and the key into the keyring if it is kept there; raises CloudError on failure."""
        if self.in_keyring and self.apikey:
            load_keyring().set_password(SERVICE, self.url, self.apikey)
        key = "keyring = yes" if self.in_keyring else f"apikey = {self.apikey or ''}"
        lines = ["# Written by `bokeh-cloud login`.", f"[{SECTION}]", f"url = {self.url}"]
        folder.write_private(FILE, "\n".join([*lines, f"username = {self.username}", key, ""]))

    def forget_key(self, folder: ConfigFolder) -> None:
        """Remove the key from the file or the keyring; the URL is kept."""
        if self.in_keyring and self.key() is not None:
            load_keyring().delete_password(SERVICE, self.url)
        CloudFile(self.url, self.username).save(folder)


def parse_ini(text: str, where: str) -> dict[str, dict[str, str]]:
    """Return the sections of an INI file; `where` names it in the CloudError if it is not valid."""
    parser = ConfigParser(interpolation=None, default_section="\0")
    try:
        parser.read_string(text)
    except Error as error:  # its message quotes the line, which may contain a key
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", ())), ("?",))[0]
        raise CloudError(f"{where} is not an INI file: {type(error).__name__} at line {line}.") from None
    return {name: dict(section) for name, section in parser.items() if name != "\0"}


def load_keyring() -> Any:
    """Return the module `keyring`, which has a usable backend.

    Raises:
        CloudError: it is not installed, or this computer has no usable keyring.
    """
    try:
        import keyring as module
        from keyring.backends import fail
    except ImportError:
        raise CloudError("A keyring needs: pip install keyring") from None
    if isinstance(module.get_keyring(), fail.Keyring):
        raise CloudError(
            "This computer has no keyring that Python can use; log in without --keyring, or see "
            "`python -m keyring --list-backends`."
        )
    return module
