"""The address of the client of the current request, and what one client has of a network.

Processes that read untrusted files import this, so it needs no library of HTTP.
"""

from contextvars import ContextVar
from ipaddress import IPv6Address, ip_address, ip_network

#: The address of the request that this task processes; empty outside of requests.
CLIENT_ADDRESS: ContextVar[str] = ContextVar("origin", default="")


def client_network(client_address: str) -> str:
    """Return what one customer of a provider has: an IPv4 address, or 64 bits of an IPv6 one (RFC 6177).

    An IPv4 address in IPv6 notation (RFC 4291, 2.5.5.2) is returned as an IPv4 address, and `::1` as such.
    """
    try:
        address = ip_address(client_address)
    except ValueError:
        return client_address
    if not isinstance(address, IPv6Address) or address.is_loopback:
        return client_address
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
