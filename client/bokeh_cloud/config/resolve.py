"""Which server is meant, and which key opens it: argument, then environment, then files.

A key belongs to the URL beside which it stands and is never sent to another.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..errors import CloudError
from .address import LOCAL_URL, Address, normalised
from .cloudfile import CloudFile
from .folder import Folder
from .general import General
from .serversfile import ServersFile

NO_CLOUD = (
    "No cloud is set up, and there is no default one. Say where yours is: `bokeh-cloud login URL`, or "
    "BOKEH_CLOUD_URL (and BOKEH_CLOUD_API_KEY), or Cloud('https://plots.example.org'). A server on this "
    "computer is Server()."
)


@dataclass(frozen=True)
class Configuration:
    """The environment and the files; each file is read when it is first asked for."""

    environ: Mapping[str, str]

    @classmethod
    def load(cls) -> "Configuration":
        """Return the configuration of this process."""
        return cls(os.environ)

    @cached_property
    def folder(self) -> Folder:
        """Where the files are."""
        return Folder.of(self.environ)

    @cached_property
    def general(self) -> General:
        """The general settings."""
        return General.load(self.folder, self.environ)

    @cached_property
    def cloud(self) -> CloudFile | None:
        """What `cloud.cfg` says."""
        return CloudFile.load(self.folder)

    @cached_property
    def servers(self) -> ServersFile:
        """What `servers.cfg` says."""
        return ServersFile(self.folder)

    def server_address(self, url: str | None, apikey: str | None) -> Address:
        """Return the address of `Server(url)`: a URL, a nickname, or the default server.

        Raises:
            CloudError: the URL or the nickname is none.
            NotPermitted: a key would travel unencrypted.
        """
        default = self.servers.default() if not (url or self._home) else None
        return self._address(url or self._home or (default.url if default else LOCAL_URL), apikey)

    def cloud_address(self, url: str | None, apikey: str | None) -> Address:
        """Return the address of `Cloud(url)`: that of the argument, the environment, or `cloud.cfg`.

        Raises:
            CloudError: none is set, or it is none.
            NotPermitted: a key would travel unencrypted.
        """
        found = url or self._home or (self.cloud.url if self.cloud else None)
        if found is None:
            raise CloudError(NO_CLOUD)
        return self._address(found, apikey)

    @property
    def _home(self) -> str | None:
        return self.environ.get("BOKEH_CLOUD_URL") or None

    def _address(self, url: str, apikey: str | None) -> Address:
        if "://" not in url:
            entry = self.servers.find(url)
            return Address(entry.url, _stripped(apikey) or self._key_for(entry.url, entry.apikey))
        return Address(normalised(url), _stripped(apikey) or self._key_for(normalised(url), None))

    def _key_for(self, url: str, own: str | None) -> str | None:
        key = _stripped(self.environ.get("BOKEH_CLOUD_API_KEY"))
        if key and self._environment_key_opens(url):
            return key
        if own:
            return own
        if self.cloud is not None and self.cloud.url == url and (key := self.cloud.key()):
            return key
        return self.servers.key_of(url)

    def _environment_key_opens(self, url: str) -> bool:
        """Tell whether `BOKEH_CLOUD_API_KEY` belongs to a URL: to `BOKEH_CLOUD_URL`, else to the cloud.

        Where neither is known, it belongs to the server that is asked for, since there is no other.
        """
        home = self._address_of_environment_key()
        return home is None or home == url

    def _address_of_environment_key(self) -> str | None:
        if self._home is not None:
            return normalised(self._home) if "://" in self._home else self.servers.find(self._home).url
        return self.cloud.url if self.cloud else None


def _stripped(key: str | None) -> str | None:
    return (key or "").strip() or None
