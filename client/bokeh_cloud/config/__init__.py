"""The configuration: three files in `~/.bokeh`, and environment variables that override them.

| file | contains | permissions |
|---|---|---|
| `config` | general settings, `key = value`; no secrets | any |
| `cloud.cfg` | URL, username and API key of the cloud; INI, written by `bokeh-cloud login` | 0600 |
| `servers.cfg` | a section for each nickname of a server; INI; comments of the user are preserved | 0600 |
"""

from bokeh_cloud.config.address import ServerAddress, is_loopback, normalise_url, sort_url_and_key
from bokeh_cloud.config.cloud_file import CloudFile
from bokeh_cloud.config.folder import ConfigFolder
from bokeh_cloud.config.general import General
from bokeh_cloud.config.resolve import Configuration
from bokeh_cloud.config.servers_file import ServersFile

__all__ = [
    "CloudFile",
    "ConfigFolder",
    "Configuration",
    "General",
    "ServerAddress",
    "ServersFile",
    "is_loopback",
    "normalise_url",
    "sort_url_and_key",
]
