"""How often one may ask: by network address, and by email address.

What is counted is the asking, not whether it led to something, so a refusal tells nothing about who has an
account. A key is 190 random bits: wrong ones are counted against noise, not against guessing, so who has the
right one is never turned away for what others at the same address do.
"""

import hashlib
import logging
from ipaddress import ip_address, ip_network

from bokeh_common.errors import Unavailable
from bokeh_common.http.limits import Allowance, Limit, Limiter

log = logging.getLogger(__name__)

HOUR = 3600
MINUTES = 600

MAILS_PER_PAIR = Limit("mails-to-address", 5, HOUR)
MAILS_PER_ADDRESS = Limit("mails-of-all", 20, HOUR)  # more than of one origin: a stranger cannot use them up
FAILURES_PER_ORIGIN = Limit("wrong-links", 30, MINUTES)

IPV4 = 4


class Limits:
    """The limits of the auth service."""

    def __init__(self, limiter: Limiter, mails: int = 30, wrong_keys: int = 100) -> None:
        """Say where to count.

        Args:
            limiter: counts.
            mails: how many a network address may ask for in an hour.
            wrong_keys: how many it may send in ten minutes.
        """
        self._limiter = limiter
        self._mails = Limit("mails", mails, HOUR)
        self._wrong_keys = Limit("wrong-keys", wrong_keys, MINUTES)

    def mail(self, origin: str, address: str) -> list[Allowance]:
        """Count a mail that somebody asks for, and say what is left to them.

        What all together may send to the address is not said: it would tell that others have asked.

        Raises:
            TooMany: there were many from this origin, or to this address.
            Unavailable: without the counts nobody is let through: what they bound is mail to strangers.
        """
        place, reader = _network(origin), hashlib.sha256(_mailbox(address).encode()).hexdigest()
        left = [self._limiter.hit(self._mails, place)]
        left.append(self._limiter.hit(MAILS_PER_PAIR, place, reader))
        self._limiter.hit(MAILS_PER_ADDRESS, reader)
        return left

    def failure(self, origin: str) -> None:
        """Count a wrong link; `TooMany` where many came from."""
        self._limiter.hit(FAILURES_PER_ORIGIN, _network(origin))

    def wrong_key(self, origin: str) -> None:
        """Count a wrong key; `TooMany` where many came from."""
        if origin:
            try:
                self._limiter.hit(self._wrong_keys, _network(origin))
            except Unavailable as error:  # the key opens nothing, counted or not
                log.warning("A wrong key was not counted: %s", error)


def _mailbox(address: str) -> str:
    """Return what addresses that differ in a +tag have in common: mostly one person reads them (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _network(origin: str) -> str:
    """Return what one customer of a provider has: an IPv4 address, or 64 bits of an IPv6 one (RFC 6177)."""
    try:
        address = ip_address(origin)
    except ValueError:
        return origin
    return origin if address.version == IPV4 else str(ip_network((int(address), 64), strict=False))
