"""Rate limits by client address and by email address.

Every request counts, whether it succeeds or not, so that a refusal does not reveal who has an account. An API
key is 190 random bits: wrong ones are limited to reduce noise, not to prevent guessing, and a client with a
valid key is never refused because of what others at its address do.
"""

import hashlib
import logging

from bokeh_common.errors import Unavailable
from bokeh_common.http.context.client_network import client_network
from bokeh_common.http.rate_limits import Allowance, RateLimit, RateLimiter

log = logging.getLogger(__name__)

HOUR = 3600
TEN_MINUTES = 600

MAILS_PER_PAIR = RateLimit("mails-to-address", 5, HOUR)
#: Of a browser in which the owner of the mailbox has logged in before.
MAILS_PER_BROWSER = RateLimit("mails-to-browser", 5, HOUR)
#: More than from one client address, so that one client cannot use up the mails of a person.
MAILS_PER_MAILBOX = RateLimit("mails-of-all", 20, HOUR)
WRONG_LINKS = RateLimit("wrong-links", 30, TEN_MINUTES)
DEVICES = RateLimit("devices", 30, TEN_MINUTES)
#: User codes that an account enters, right or wrong: one of 20^8 is not found so (RFC 8628, 5.1).
CODES = RateLimit("codes", 20, TEN_MINUTES)
CODES_OF_CLIENT = RateLimit("codes-of-client", 100, TEN_MINUTES)


class RateLimits:
    """The rate limits of the auth service."""

    def __init__(self, limiter: RateLimiter, mails: int = 30, wrong_keys: int = 100) -> None:
        """Create the limits.

        Args:
            limiter: counts requests.
            mails: how many mails a client address may request in an hour.
            wrong_keys: how many wrong keys it may send in ten minutes.
        """
        self._limiter = limiter
        self._mails = RateLimit("mails", mails, HOUR)
        self._wrong_keys = RateLimit("wrong-keys", wrong_keys, TEN_MINUTES)

    def count_mail(self, client_address: str, email: str) -> list[Allowance]:
        """Count a request for a mail, and return what is left to the client.

        What is left of the limit for all clients together is not returned: it would reveal what others
            requested.

        Raises:
            TooManyRequests: there were too many from this client, or to this mailbox.
            Unavailable: requests cannot be counted. They are refused then, since the limit protects others.
        """
        network, mailbox = client_network(client_address), mailbox_digest(email)
        left = [self._limiter.hit(self._mails, network)]
        left.append(self._limiter.hit(MAILS_PER_PAIR, network, mailbox))
        self._limiter.hit(MAILS_PER_MAILBOX, mailbox)
        return left

    def count_mail_of_browser(self, browser: str, email: str) -> list[Allowance]:
        """Count a request of a remembered browser, whatever others request, and return what is left to it.

        Raises:
            TooManyRequests: there were too many from this browser.
            Unavailable: requests cannot be counted.
        """
        return [self._limiter.hit(MAILS_PER_BROWSER, mailbox_digest(email), browser)]

    def count_wrong_link(self, client_address: str) -> None:
        """Count an invalid one-time link; `TooManyRequests`."""
        self._limiter.hit(WRONG_LINKS, client_network(client_address))

    def count_device(self, client_address: str) -> None:
        """Count a program that asks for a login; `TooManyRequests`."""
        self._limiter.hit(DEVICES, client_network(client_address))

    def count_code(self, client_address: str, user: str) -> None:
        """Count a user code that an account enters, before it is looked up; `TooManyRequests`."""
        self._limiter.hit(CODES, user)
        self._limiter.hit(CODES_OF_CLIENT, client_network(client_address))

    def count_wrong_key(self, client_address: str) -> None:
        """Count a wrong key; `TooManyRequests`."""
        if client_address:
            try:
                self._limiter.hit(self._wrong_keys, client_network(client_address))
            except Unavailable as error:  # the key is not accepted, whether counted or not
                log.warning("A wrong key was not counted: %s", error)


def mailbox_digest(email: str) -> str:
    """Return a digest of the mailbox that an address belongs to."""
    return hashlib.sha256(_mailbox(email).encode()).hexdigest()


def _mailbox(email: str) -> str:
    """Return an address without its +tag: addresses that differ in it mostly reach one person (RFC 5233)."""
    local, _, domain = email.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
