"""Everything of an account in one archive, made while it is sent.

Besides what the plots and the data service write (see their `archive.py`):

    README.txt      what is what
    account.json    the account, its quota and what it uses
    keys.json       API keys, share links and sessions, without their secrets
    audit.json      the audit log, newest first
    complete.json   the last file: without it the archive was cut short
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from bokeh_auth.accounts import Accounts
from bokeh_auth.audit import Audit
from bokeh_auth.credentials import PERSONAL, SESSION, SHARE
from bokeh_auth.peers import Keepers
from bokeh_auth.times import Clock, now, stamp
from bokeh_auth.vault import Vault
from bokeh_common.archive import END, json_member, text_member

KINDS = {"keys": PERSONAL, "shares": SHARE, "sessions": SESSION}

README = """\
Everything that a Bokeh Cloud keeps of an account.

account.json                            the account, its quota and what it uses
keys.json                               API keys, share links and sessions, without their secrets
audit.json                              the audit log, newest first
plots/ID/plot.json                      a plot: name, title, visibility, versions
plots/ID/versions/N/scene.json          its Bokeh document, with hashes of columns where their bytes stood
plots/ID/versions/N/manifest.json       what belongs to it: data sources, parts of BokehJS, extensions
plots/ID/extensions/HASH.js             the JavaScript of custom models
data/sources/ID.json                    a data source: its columns by name, with dtype, shape and hash
data/sources/ID/versions/N.json         a live one as it was
data/columns/HASH.json                  a column: dtype, shape, and its chunks in order
data/chunks/HASH                        the bytes of a chunk: little-endian, C order
complete.json                           the last file: without it the archive was cut short

A column's values are the bytes of its chunks, one after the other. A chunk's name is the BLAKE3-256 of its
bytes. Keys and audit log are left out where the key that asked may not read them (scope keys:write).
"""


class Exporter:
    """Writes archives."""

    def __init__(
        self, accounts: Accounts, vault: Vault, audit: Audit, keepers: Keepers, clock: Clock = now
    ) -> None:
        self._accounts = accounts
        self._vault = vault
        self._audit = audit
        self._keepers = keepers
        self._clock = clock

    def summary(self, user: str, quota: Mapping[str, int | None]) -> dict[str, Any]:
        """Return the account as its owner sees it; that of a key-less server has no email address."""
        found = self._accounts.find(user)
        return {
            "username": user,
            "email": found and found.email,
            "created": found and found.created,
            "quota": quota,
            "used": self._keepers.usage(user),
        }

    def blocks(self, summary: dict[str, Any], secrets_too: bool) -> Iterator[bytes]:
        """Yield an archive.

        Args:
            summary: of the account, as above.
            secrets_too: whether to tell of keys and the audit log; of no secret itself, which nobody has.
        """
        user, began = str(summary["username"]), stamp(self._clock())
        yield from text_member("README.txt", README)
        yield from json_member("account.json", summary)
        if secrets_too:
            kinds = {name: self._vault.page(kind, user) for name, kind in KINDS.items()}
            shown = {name: [_shown(asdict(item)) for item in found] for name, found in kinds.items()}
            yield from json_member("keys.json", shown)
            yield from json_member("audit.json", self._audit.page(user, "", 10_000))
        yield from self._keepers.archive(user)
        yield from json_member("complete.json", {"began": began, "ended": stamp(self._clock())})
        yield END


def _shown(credential: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in credential.items() if name != "digest"}
