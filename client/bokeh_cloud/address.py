"""Where a cloud is and which key opens it: arguments, environment, and what must not be mixed up.

A key belongs to one URL. It is never sent to another, nor over plain http except to this computer.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from .errors import CloudError, NotPermitted

LOCAL_URL = "http://localhost:5006"


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a cloud, without a slash at its end, and the key for it; the key stays out of every repr."""

    url: str
    apikey: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = _parts(self.url)
        if self.apikey and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise NotPermitted(
                f"An API key would travel unencrypted to {self.url}: use its https:// address. "
                "Plain http with a key is only for this computer (localhost)."
            )


def resolve(
    url: str | None, apikey: str | None, environ: Mapping[str, str], default: str = LOCAL_URL
) -> Address:
    """Return the address that the arguments and the environment name; arguments win.

    The key of `BOKEH_CLOUD_API_KEY` belongs to `BOKEH_CLOUD_URL`, where that is set: another URL does not get
    it.

    Raises:
        CloudError: the URL is none.
        NotPermitted: a key would travel unencrypted.
    """
    home = environ.get("BOKEH_CLOUD_URL") or None
    chosen = normalised(url or home or default)
    if apikey is None and (home is None or normalised(home) == chosen):
        apikey = environ.get("BOKEH_CLOUD_API_KEY")
    return Address(chosen, (apikey or "").strip() or None)


def normalised(url: str) -> str:
    """Return the URL as two equal ones compare: scheme and host in lower case, no slash at the end."""
    parts = _parts(url.strip())
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl().rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or IP address means this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise CloudError(
            f"{url!r} is not a URL ({error}); one looks like https://plots.example.org."
        ) from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise CloudError(f"{url!r} is not the URL of a server; one looks like https://plots.example.org.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise CloudError(
            "The URL of a server has no user name, password, query or fragment; give a key as apikey."
        )
    return parts
