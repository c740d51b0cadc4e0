"""The keys that sign view tokens, and their rotation.

They are stored in one record, which every process reads again after `REFRESH_SECONDS`. A new key is accepted
at once, but does not sign before all processes know it (`OVERLAP`). The old key signs until then, and is
accepted for as long as the last token that it signed is valid.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bokeh_auth.repository import KEY_BYTES, AuthRepository
from bokeh_common.compare_and_swap import compare_and_swap
from bokeh_common.errors import Conflict, Unavailable
from bokeh_common.timestamps import Clock, format_timestamp, is_past, now

LIFETIME = timedelta(minutes=15)  # of a token
REFRESH_SECONDS = 20.0
OVERLAP = timedelta(minutes=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SigningKey:
    """A key; times are RFC 3339.

    Attributes:
        key: 64 hexadecimal digits.
        signs_from: when it began, or will begin, to sign; None for always.
        accepted_until: when tokens that it signed are not valid any more; None for the newest key.
    """

    key: str
    signs_from: str | None = None
    accepted_until: str | None = None


class SigningKeys:
    """The signing keys of a cloud, as this process knows them."""

    def __init__(self, repository: AuthRepository, clock: Clock = now) -> None:
        """Read the keys; the first process of a cloud creates one. `Unavailable` if the storage is."""
        self._repository = repository
        self._clock = clock
        self._read_at = clock()
        self._known = _keys(repository.signing_keys()[0])

    def accepted(self) -> list[bytes]:
        """Return the keys whose tokens are valid; the last one signs."""
        moment = self._clock()
        if abs(moment - self._read_at).total_seconds() >= REFRESH_SECONDS:
            self._refresh(moment)
        valid = _accepted(self._known, moment)
        signing = [key for key in valid if key.signs_from is None or is_past(key.signs_from, moment)]
        last = signing[0] if signing else valid[-1]
        return [bytes.fromhex(key.key) for key in (*(key for key in valid if key != last), last)]

    def rotate(self) -> datetime:
        """Replace the newest key by a new one, and return until when tokens of the old one are accepted.

        Raises:
            Conflict: the keys change too often.
        """
        moment = self._clock()
        begins = moment + OVERLAP
        ends = begins + LIFETIME + OVERLAP
        self._replace(begins, lambda keys: _accepted(_limited(keys, ends), moment))
        return ends

    def replace_all(self) -> None:
        """Replace all keys by a new one, as their tokens are not to be trusted; raises as `rotate`."""
        self._replace(self._clock(), lambda _keys: [])

    def _replace(self, begins: datetime, kept: Callable[[list[SigningKey]], list[SigningKey]]) -> None:
        def write(found: tuple[dict[str, Any], str]) -> None:
            value = _record(format_timestamp(begins), kept(_keys(found[0])))
            self._repository.change_signing_keys(value, found[1])

        busy = Conflict("The signing keys change too often at the moment; try again.")
        compare_and_swap(self._repository.signing_keys, write, busy)
        self._refresh(self._clock())

    def _refresh(self, moment: datetime) -> None:
        self._read_at = moment  # first, so that other threads do not wait for a storage that does not respond
        try:
            self._known = _keys(self._repository.signing_keys()[0])
        except Unavailable as error:
            log.warning("The signing keys could not be read again; the known ones are used: %s", error)


def _keys(value: dict[str, Any]) -> list[SigningKey]:
    """Return the keys of a record, newest first; earlier versions wrote the member `key` only."""
    older = [SigningKey(**key) for key in value.get("older", [])]
    return [SigningKey(value["key"], value.get("signs_from")), *older]


def _limited(keys: list[SigningKey], ends: datetime) -> list[SigningKey]:
    newest, *older = keys
    return [replace(newest, accepted_until=format_timestamp(ends)), *older]


def _accepted(keys: list[SigningKey], moment: datetime) -> list[SigningKey]:
    return [key for key in keys if not is_past(key.accepted_until, moment)]


def _record(signs_from: str, older: list[SigningKey]) -> dict[str, Any]:
    return {
        "key": secrets.token_hex(KEY_BYTES),
        "signs_from": signs_from,
        "older": [asdict(key) for key in older],
    }
