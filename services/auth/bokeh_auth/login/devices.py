"""Login of programs without copying a key: the device authorization grant (RFC 8628).

A program asks for a login, and gets a *device code*, which it keeps, and a short *user code*, which it shows.
Its user, who is logged in in a browser, enters the user code there, sees who asks for what, and allows or
denies it. The program polls meanwhile. Only then is its API key created, so that no key is ever stored.
Both codes are valid for ten minutes, and work once.
"""

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Literal, Self

from bokeh_auth.accounts.accounts import Accounts
from bokeh_auth.credentials.api_keys import ApiKeys
from bokeh_auth.credentials.scopes import grant_scopes
from bokeh_auth.credentials.secret import ONE_TIME, digest_of, is_well_formed, new_secret
from bokeh_auth.login.device_repository import DeviceRepository
from bokeh_auth.rate_limits import RateLimits
from bokeh_common.errors import Conflict, NotFound
from bokeh_common.timestamps import Clock, format_timestamp, is_past, now, parse_timestamp

LIFETIME = timedelta(minutes=10)
INTERVAL = 5  # seconds between two polls; a program that polls faster has to wait for longer (RFC 8628, 3.5)
TOLERANCE = 1  # seconds by which a poll may be early, as it may have been delayed less than the one before
#: Letters that are not mistaken for others, and form no words (RFC 8628, 6.1): 20^8 codes are 34 bits.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LENGTH = 8
ATTEMPTS = 5
PAGE = 1000

State = Literal["pending", "allowed", "denied", "used"]
Answer = Literal["pending", "slow_down", "denied", "expired", "granted"]


@dataclass(frozen=True)
class DeviceRequest:
    """A request of a program to be logged in; times are RFC 3339.

    Attributes:
        code: the digest of the user code.
        program, machine: what the program says of itself.
        address: the network address that it has.
        scopes: of the key that it asks for.
        days: how long the key is to be valid.
        expires: when the codes expire.
        interval: seconds between two polls.
        polled: when it last polled.
        state: whether its user has answered.
        user, epoch: the account that allowed it, and its epoch then.
        until: when the credential expires with which it was allowed; the key does not outlive it.
    """

    code: str
    program: str
    machine: str
    address: str
    scopes: tuple[str, ...]
    days: int
    expires: str
    interval: int = INTERVAL
    polled: str = ""
    state: State = "pending"
    user: str = ""
    epoch: int = 0
    until: str | None = None

    @classmethod
    def read(cls, value: dict[str, object]) -> Self:
        """Return the request of a record."""
        return cls(**{**value, "scopes": tuple(value["scopes"])})  # type: ignore[arg-type]  # as it was written


@dataclass(frozen=True)
class Approver:
    """The account that answers, and what its credential grants."""

    user: str
    scopes: frozenset[str]
    client_address: str
    until: str | None = None


class DeviceLogins:
    """The requests of programs."""

    def __init__(
        self,
        repository: DeviceRepository,
        accounts: Accounts,
        keys: ApiKeys,
        limits: RateLimits,
        clock: Clock = now,
    ) -> None:
        self._repository = repository
        self._accounts = accounts
        self._keys = keys
        self._limits = limits
        self._clock = clock

    def ask(
        self, program: str, machine: str, address: str, scopes: tuple[str, ...], days: int
    ) -> tuple[str, str, DeviceRequest]:
        """Return the device code, the user code and the request.

        Raises:
            Invalid: a scope does not exist.
            TooManyRequests: this client has asked too often.
        """
        self._limits.count_device(address)
        expires = format_timestamp(self._clock() + LIFETIME)
        wanted = grant_scopes(scopes, scopes)
        for _ in range(ATTEMPTS):
            device_code = new_secret(ONE_TIME)
            code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
            request = DeviceRequest(digest_of(code), program, machine, address, wanted, days, expires)
            if self._repository.add(digest_of(device_code), request.code, asdict(request)):
                return device_code, f"{code[:4]}-{code[4:]}", request
        raise Conflict("Too many programs are being logged in at the moment; try again.")

    def look_up(self, user_code: str, approver: Approver) -> DeviceRequest:
        """Return the unanswered request of a user code.

        Raises:
            NotFound: there is none.
            TooManyRequests: this account, or this client, has entered too many codes.
        """
        return self._find_code(user_code, approver)[1]

    def answer(self, user_code: str, approver: Approver, *, allow: bool) -> DeviceRequest:
        """Allow or deny a request, and return it.

        Raises:
            Forbidden: the caller lacks a scope that the program asks for.
            NotFound, TooManyRequests: as `look_up`.
        """
        digest, request, etag = self._find_code(user_code, approver)
        if allow:
            grant_scopes(request.scopes, approver.scopes)
        account = self._accounts.get(approver.user)
        state: State = "allowed" if allow else "denied"
        answered = replace(
            request, state=state, user=approver.user, epoch=account.epoch, until=approver.until
        )
        try:
            self._repository.change(digest, asdict(answered), etag)
        except Conflict:
            raise _unknown_code() from None
        return answered

    def poll(self, device_code: str) -> tuple[Answer, DeviceRequest | None, str]:
        """Return what the user has answered; once it is "granted", the request and the new key, too.

        A key is created once. If the response is lost, the program has to ask again.
        """
        digest = digest_of(device_code)
        found = self._repository.find(digest) if is_well_formed(device_code, ONE_TIME) else None
        if found is None:
            return "expired", None, ""
        request, etag = DeviceRequest.read(found[0]), found[1]
        if is_past(request.expires, self._clock()):
            return "expired", None, ""
        if request.state == "used":
            return "expired", None, ""
        if request.state == "pending":
            return self._wait(digest, request, etag), None, ""
        try:
            self._repository.change(digest, asdict(replace(request, state="used")), etag)
        except Conflict:  # a poll at the same time gets the answer
            return "expired", None, ""
        self._repository.remove(digest, request.code)
        if request.state == "denied":
            return "denied", request, ""
        return self._grant(request)

    def purge(self) -> int:
        """Delete requests and codes that have expired; return how many."""
        deleted = 0
        for keyspace in ("devices", "codes"):
            after = ""
            while page := self._repository.page(keyspace, after, PAGE):
                for name, value in page:
                    if is_past(value["expires"], self._clock()):
                        self._repository.delete(keyspace, name)
                        deleted += 1
                after = page[-1][0]
        return deleted

    def _find_code(self, user_code: str, approver: Approver) -> tuple[str, DeviceRequest, str]:
        self._limits.count_code(approver.client_address, approver.user)
        code = "".join(char for char in user_code.upper() if char in ALPHABET)
        digest = self._repository.digest_of_code(digest_of(code))
        found = None if digest is None else self._repository.find(digest)
        request = None if found is None else DeviceRequest.read(found[0])
        is_open = request is not None and request.state == "pending"
        if digest and found and request and is_open and not is_past(request.expires, self._clock()):
            return digest, request, found[1]
        raise _unknown_code()

    def _wait(self, digest: str, request: DeviceRequest, etag: str) -> Answer:
        """Record a poll; one that comes too early adds five seconds to the interval."""
        time = self._clock()
        pause = timedelta(seconds=request.interval - TOLERANCE)
        is_early = bool(request.polled) and time < parse_timestamp(request.polled) + pause
        interval = request.interval + INTERVAL if is_early else request.interval
        polled = replace(request, polled=format_timestamp(time), interval=interval)
        try:
            self._repository.change(digest, asdict(polled), etag)
        except Conflict:  # it is being answered; the next poll gets the answer
            return "pending"
        return "slow_down" if is_early else "pending"

    def _grant(self, request: DeviceRequest) -> tuple[Answer, DeviceRequest | None, str]:
        account = self._accounts.find_active(request.user)
        if account is None or account.epoch != request.epoch:
            return "denied", request, ""  # its owner has logged out everywhere since
        ends = [format_timestamp(self._clock() + timedelta(days=request.days)), request.until]
        expires = min(end for end in ends if end)
        name = f"{request.program} on {request.machine}"[:100]
        _, secret = self._keys.create(
            request.user, name, request.scopes, expires, frozenset(request.scopes), request.until
        )
        return "granted", request, secret


def _unknown_code() -> NotFound:
    detail = "There is no login with this code, or it was answered, or is older than ten minutes."
    return NotFound(f"{detail} Check the code, or start again in the program.", slug="unknown-code")
