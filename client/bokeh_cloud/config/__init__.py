"""Three files, `~/.bokeh/config`, `cloud.cfg` and `servers.cfg`, and what the environment says over them.

| file | holds | rights |
|---|---|---|
| `config` | general settings, `key = value`; no secrets, safe to post | the user's |
| `cloud.cfg` | URL, user name and API key of the cloud; INI, written by `bokeh-cloud login` | 0600 |
| `servers.cfg` | a section for each server's nickname; INI, the user's own: comments survive | 0600 |
"""

from .address import Address, is_loopback, normalised
from .cloudfile import CloudFile
from .folder import Folder
from .general import General
from .resolve import Configuration
from .serversfile import ServersFile

__all__ = [
    "Address",
    "CloudFile",
    "Configuration",
    "Folder",
    "General",
    "ServersFile",
    "is_loopback",
    "normalised",
]
