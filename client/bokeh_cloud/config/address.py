"""The address of a server and its API key, which is never sent over plain http but to this computer."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from bokeh_cloud.errors import CloudError, NotPermitted
from bokeh_cloud.key_format import is_api_key

LOCAL_URL = "http://localhost:5006"
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The URL of a server, without a trailing slash, and the API key for it, which is not in the repr."""

    url: str
    apikey: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = _split_url(self.url)
        if self.apikey and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise NotPermitted(
                f"An API key would be sent unencrypted to {self.url}: use its https:// address. "
                "Plain http with a key is only allowed to this computer (localhost)."
            )


def sort_url_and_key(url: str | None, apikey: str | None) -> tuple[str | None, str | None]:
    """Return the URL and the key of two arguments, each of which may be either.

    Raises:
        CloudError: both are keys.
    """
    if url is None or not is_api_key(url):
        return url, apikey
    if apikey is not None and is_api_key(apikey):
        raise CloudError("There are two API keys and no URL: pass the URL, and the key of its account.")
    return apikey, url


def normalise_url(url: str) -> str:
    """Return a URL in lower case, without the default port and trailing slashes.

    Raises:
        CloudError: it is not the URL of a server.
    """
    parts = _split_url(url.strip())
    scheme, host = parts.scheme.lower(), parts.netloc.lower()
    host = host.removesuffix(f":{DEFAULT_PORTS[scheme]}")
    return parts._replace(scheme=scheme, netloc=host).geturl().rstrip("/")


def guess_url(text: str) -> str:
    """Return the URL that is probably meant by one without `http://` or `https://`."""
    scheme = "http" if is_loopback(text.partition(":")[0]) else "https"
    return f"{scheme}://{text}"


def is_loopback(host: str) -> bool:
    """Return whether a host name or IP address means this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _split_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise CloudError(f"{url!r} is not a URL ({error}), such as https://plots.example.org.") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise CloudError(f"{url!r} is not the URL of a server, such as https://plots.example.org.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise CloudError(
            "The URL of a server has no username, password, query or fragment; pass an API key as apikey."
        )
    return parts
