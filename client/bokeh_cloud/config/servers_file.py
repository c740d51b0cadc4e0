"""`~/.bokeh/servers.cfg`: a section for each nickname of a server; INI, 0600.

The user may edit it, so comments are preserved:

    # the one in the laboratory
    [lab]
    url = https://lab.example.org
    apikey = bkp_...
    default = yes
"""

import re
from dataclasses import dataclass, field

from configupdater import ConfigUpdater

from bokeh_cloud.config.address import ServerAddress, guess_url, normalise_url
from bokeh_cloud.config.cloud_file import parse_ini
from bokeh_cloud.config.folder import ConfigFolder
from bokeh_cloud.errors import CloudError

FILE = "servers.cfg"
NICKNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """The section of one server; the key is not in the repr."""

    nickname: str
    url: str
    apikey: str | None = field(default=None, repr=False)
    is_default: bool = False


class ServersFile:
    """The file, which is read once; changes are written immediately, and return the new contents."""

    def __init__(self, folder: ConfigFolder):
        self._folder = folder
        self._text = folder.read_private(FILE)
        self.entries = tuple(self._entries())

    def find(self, nickname: str) -> ServerEntry:
        """Return the server of a nickname.

        Raises:
            CloudError: there is none; the message contains the nicknames.
        """
        for entry in self.entries:
            if entry.nickname == nickname:
                return entry
        meant = f"Did you mean {guess_url(nickname)}? " if ":" in nickname or "." in nickname else ""
        known = ", ".join(entry.nickname for entry in self.entries) or "none"
        raise CloudError(
            f"{nickname!r} is neither a URL nor a nickname in {self._folder.where(FILE)} (there: {known}). "
            f"{meant}A URL looks like https://plots.example.org; `bokeh-cloud servers add` adds a nickname."
        )

    def default(self) -> ServerEntry | None:
        """Return the default server, None if there is none."""
        return next((entry for entry in self.entries if entry.is_default), None)

    def key_of(self, url: str) -> str | None:
        """Return the key of the first server with this URL that has one."""
        keys = (entry.apikey for entry in self.entries if entry.url == url and entry.apikey)
        return next(keys, None)

    def add(self, nickname: str, url: str, apikey: str | None) -> "ServersFile":
        """Add a server, or change that of a nickname; comments are preserved.

        Raises:
            CloudError: the nickname or the URL is invalid, or the key would be sent unencrypted.
        """
        if not NICKNAME.fullmatch(nickname):
            raise CloudError(f"{nickname!r} cannot be a nickname: use letters, digits, '-', '_' and '.'.")
        address = ServerAddress(normalise_url(url), apikey)
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
        """Remove a server and its key; raises CloudError if there is none."""
        self.find(nickname)
        updater = self._updater()
        updater.remove_section(nickname)
        return self._write(updater)

    def set_default(self, nickname: str) -> "ServersFile":
        """Make a server the default one; raises CloudError if there is none."""
        self.find(nickname)
        updater = self._updater()
        for name in updater.sections():
            updater[name].pop("default", None)
        updater[nickname]["default"] = "yes"
        return self._write(updater)

    def _entries(self) -> list[ServerEntry]:
        where = self._folder.where(FILE)
        found = []
        for name, section in parse_ini(self._text, where).items():
            if not section.get("url"):
                raise CloudError(f"{where}: [{name}] has no url; add one, or remove the section.")
            is_default = section.get("default", "no").lower() == "yes"
            found.append(
                ServerEntry(name, normalise_url(section["url"]), section.get("apikey") or None, is_default)
            )
        return found

    def _updater(self) -> ConfigUpdater:
        return ConfigUpdater().read_string(self._text)

    def _write(self, updater: ConfigUpdater) -> "ServersFile":
        self._folder.write_private(FILE, str(updater))
        return ServersFile(self._folder)
