"""Determines the server and its API key: from arguments, else environment variables, else files.

A key belongs to the URL that is set beside it, and is never sent to another server.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bokeh_cloud.config.address import LOCAL_URL, ServerAddress, normalise_url
from bokeh_cloud.config.cloud_file import CloudFile
from bokeh_cloud.config.folder import ConfigFolder
from bokeh_cloud.config.general import General
from bokeh_cloud.config.servers_file import ServersFile
from bokeh_cloud.errors import CloudError

NO_CLOUD = (
    "No cloud is configured, and there is no default one. Set its URL: `bokeh-cloud login URL`, or "
    "BOKEH_CLOUD_URL (and BOKEH_CLOUD_API_KEY), or Cloud('https://plots.example.org'). For a server on this "
    "computer use Server()."
)


@dataclass(frozen=True)
class Configuration:
    """Environment variables and files; each file is read when it is first used."""

    environ: Mapping[str, str]

    @classmethod
    def load(cls) -> "Configuration":
        """Return the configuration of this process."""
        return cls(os.environ)

    @cached_property
    def folder(self) -> ConfigFolder:
        """The folder of the files."""
        return ConfigFolder.of(self.environ)

    @cached_property
    def general(self) -> General:
        """The general settings."""
        return General.load(self.folder, self.environ)

    @cached_property
    def cloud(self) -> CloudFile | None:
        """The contents of `cloud.cfg`, None if there is none."""
        return CloudFile.load(self.folder)

    @cached_property
    def servers(self) -> ServersFile:
        """The contents of `servers.cfg`."""
        return ServersFile(self.folder)

    def server_address(self, url: str | None, apikey: str | None) -> ServerAddress:
        """Return the address of `Server(url)`: a URL, a nickname, or the default server.

        Raises:
            CloudError: the URL or the nickname is invalid.
            NotPermitted: the key would be sent unencrypted.
        """
        default = self.servers.default() if not (url or self._environment_url) else None
        return self._address(url or self._environment_url or (default.url if default else LOCAL_URL), apikey)

    def cloud_address(self, url: str | None, apikey: str | None) -> ServerAddress:
        """Return the address of `Cloud(url)`: that of the argument, the environment, or `cloud.cfg`.

        Raises:
            CloudError: none is set, or it is invalid.
            NotPermitted: the key would be sent unencrypted.
        """
        found = url or self._environment_url or (self.cloud.url if self.cloud else None)
        if found is None:
            raise CloudError(NO_CLOUD)
        return self._address(found, apikey)

    @property
    def _environment_url(self) -> str | None:
        return self.environ.get("BOKEH_CLOUD_URL") or None

    def _address(self, url: str, apikey: str | None) -> ServerAddress:
        if "://" not in url:
            entry = self.servers.find(url)
            return ServerAddress(entry.url, _strip(apikey) or self._key_for(entry.url, entry.apikey))
        return ServerAddress(normalise_url(url), _strip(apikey) or self._key_for(normalise_url(url), None))

    def _key_for(self, url: str, entry_key: str | None) -> str | None:
        key = _strip(self.environ.get("BOKEH_CLOUD_API_KEY"))
        if key and self._environment_key_is_for(url):
            return key
        if entry_key:
            return entry_key
        if self.cloud is not None and self.cloud.url == url and (key := self.cloud.key()):
            return key
        return self.servers.key_of(url)

    def _environment_key_is_for(self, url: str) -> bool:
        """Return whether `BOKEH_CLOUD_API_KEY` belongs to a URL: to `BOKEH_CLOUD_URL`, else to the cloud.

        If neither is set, it belongs to whichever server is used.
        """
        key_url = self._environment_key_url()
        return key_url is None or key_url == url

    def _environment_key_url(self) -> str | None:
        if self._environment_url is not None:
            return (
                normalise_url(self._environment_url)
                if "://" in self._environment_url
                else self.servers.find(self._environment_url).url
            )
        return self.cloud.url if self.cloud else None


def _strip(key: str | None) -> str | None:
    return (key or "").strip() or None
