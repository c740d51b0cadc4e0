"""`~/.bokeh/servers.cfg`: a section for each server's nickname. INI, 0600, the user's own: comments survive.

# the one in the laboratory
[lab]
url = https://lab.example.org
apikey = bkp_...
default = yes
"""

import re
from dataclasses import dataclass, field

from configupdater import ConfigUpdater

from ..errors import CloudError
from .address import Address, normalised
from .cloudfile import parsed
from .folder import Folder

FILE = "servers.cfg"
NICKNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One server; the key stays out of every repr."""

    nickname: str
    url: str
    apikey: str | None = field(default=None, repr=False)
    is_default: bool = False


class ServersFile:
    """The file, read once; each change is written at once."""

    def __init__(self, folder: Folder):
        self._folder = folder
        self._text = folder.read_private(FILE)
        self.entries = tuple(self._entries())

    def find(self, nickname: str) -> Entry:
        """Return the server of a nickname.

        Raises:
            CloudError: there is none; the message names those that there are.
        """
        for entry in self.entries:
            if entry.nickname == nickname:
                return entry
        known = ", ".join(entry.nickname for entry in self.entries) or "none yet"
        raise CloudError(
            f"{nickname!r} is neither a URL nor a nickname in {self._folder.where(FILE)} (there: {known}). "
            "A URL looks like https://plots.example.org; `bokeh-cloud servers add` makes a nickname."
        )

    def default(self) -> Entry | None:
        """Return the server that is meant where none is named."""
        return next((entry for entry in self.entries if entry.is_default), None)

    def key_of(self, url: str) -> str | None:
        """Return the key of the first server with this URL."""
        keys = (entry.apikey for entry in self.entries if entry.url == url and entry.apikey)
        return next(keys, None)

    def add(self, nickname: str, url: str, apikey: str | None) -> "ServersFile":
        """Add a server, or give a nickname another one; its comments stay.

        Raises:
            CloudError: the nickname or the URL is none, or a key would travel unencrypted.
        """
        if not NICKNAME.fullmatch(nickname):
            raise CloudError(f"{nickname!r} cannot be a nickname: use letters, digits, '-', '_' and '.'.")
        address = Address(normalised(url), apikey)
        updater = self._updater()
        if not updater.has_section(nickname):
            if self._text.strip():
                updater[updater.sections()[-1]].add_after.space() if updater.sections() else None
            updater.add_section(nickname)
        section = updater[nickname]
        section["url"] = address.url
        if address.apikey:
            section["apikey"] = address.apikey
        return self._write(updater)

    def remove(self, nickname: str) -> "ServersFile":
        """Remove a server, with its key; CloudError where there is none."""
        self.find(nickname)
        updater = self._updater()
        updater.remove_section(nickname)
        return self._write(updater)

    def set_default(self, nickname: str) -> "ServersFile":
        """Make a server the one that is meant where none is named; CloudError where there is none."""
        self.find(nickname)
        updater = self._updater()
        for name in updater.sections():
            updater[name].pop("default", None)
        updater[nickname]["default"] = "yes"
        return self._write(updater)

    def _entries(self) -> list[Entry]:
        where = self._folder.where(FILE)
        found = []
        for name, section in parsed(self._text, where).items():
            if not section.get("url"):
                raise CloudError(f"{where}: [{name}] has no url; add one, or remove the section.")
            is_default = section.get("default", "no").lower() == "yes"
            found.append(Entry(name, normalised(section["url"]), section.get("apikey") or None, is_default))
        return found

    def _updater(self) -> ConfigUpdater:
        return ConfigUpdater().read_string(self._text)

    def _write(self, updater: ConfigUpdater) -> "ServersFile":
        self._folder.write_private(FILE, str(updater))
        return ServersFile(self._folder)
