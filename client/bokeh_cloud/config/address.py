"""Where a server is, and the key for it, which never travels over plain http except to this computer."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from ..errors import CloudError, NotPermitted

LOCAL_URL = "http://localhost:5006"
USUAL_PORTS = {"http": 80, "https": 443}


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


def normalised(url: str) -> str:
    """Return the URL as equal ones compare: lower case, without the usual port and slashes at the end."""
    parts = _parts(url.strip())
    scheme, host = parts.scheme.lower(), parts.netloc.lower()
    host = host.removesuffix(f":{USUAL_PORTS[scheme]}")
    return parts._replace(scheme=scheme, netloc=host).geturl().rstrip("/")


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
