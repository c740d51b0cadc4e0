"""Export of an account as a tar archive, which is written while it is sent.

Besides what the data services write, it contains:

    README.txt      what the files are
    account.json    the account, its quota and its usage
    keys.json       API keys, share links and sessions, without their secrets
    audit.json      the audit log, newest first
    complete.json   the last file: an archive without it is incomplete
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

from bokeh_auth.accounts.accounts import Accounts
from bokeh_auth.audit_log import AuditLog
from bokeh_auth.clients import DataServices
from bokeh_auth.credentials.store import KEYSPACES, CredentialStore
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_common.tar_stream import END_OF_ARCHIVE, json_member, text_member
from bokeh_common.timestamps import Clock, format_timestamp, now

README = """\
Everything that a Bokeh Cloud stores of an account.

account.json                            the account, its quota and its usage
keys.json                               API keys, share links and sessions, without their secrets
audit.json                              the audit log, newest first
plots/ID/plot.json                      a plot: name, title, visibility, history, versions
plots/ID/versions/N/scene.json          its Bokeh document, with hashes of columns in the place of arrays
plots/ID/versions/N/manifest.json       what belongs to it: data sources, files of BokehJS, extensions
plots/ID/extensions/HASH.js             the JavaScript of custom models
data/sources/ID.json                    a data source: its columns by name, with dtype, shape and hash
data/sources/ID/versions/N.json         an old version of a live data source
data/columns/HASH.json                  a column: dtype, shape, and its chunks in order
data/chunks/HASH                        the bytes of a chunk: little-endian, C order
complete.json                           the last file: an archive without it is incomplete

The values of a column are the bytes of its chunks, one after the other. The name of a chunk is the BLAKE3-256
of its bytes. Keys and audit log are left out if the API key of the request lacks the scope keys:write.
"""


class AccountExporter:
    """Exports accounts."""

    def __init__(
        self,
        accounts: Accounts,
        credentials: CredentialStore,
        audit: AuditLog,
        data_services: DataServices,
        clock: Clock = now,
    ) -> None:
        self._accounts = accounts
        self._credentials = credentials
        self._audit = audit
        self._data_services = data_services
        self._clock = clock

    async def summary(self, user: str, quota: Mapping[str, int | None]) -> dict[str, Any]:
        """Return the account as its owner sees it; that of a server without accounts has no email address."""
        found, used = await asyncio.gather(
            STORAGE.run(self._accounts.find, user), self._data_services.usage(user)
        )
        return {
            "username": user,
            "email": found and found.email,
            "created": found and found.created,
            "quota": quota,
            "used": used,
        }

    async def blocks(self, summary: dict[str, Any], with_credentials: bool) -> AsyncGenerator[bytes, None]:
        """Yield an archive.

        Args:
            summary: the summary of the account.
            with_credentials: whether to include credentials, without their secrets, and the audit log.
        """
        user, began = str(summary["username"]), format_timestamp(self._clock())
        yield b"".join(text_member("README.txt", README))
        yield b"".join(json_member("account.json", summary))
        if with_credentials:
            yield await STORAGE.run(self._credential_files, user)
        async with aclosing(self._data_services.archive(user)) as blocks:
            async for block in blocks:
                yield block
        ended = format_timestamp(self._clock())
        yield b"".join(json_member("complete.json", {"began": began, "ended": ended}))
        yield END_OF_ARCHIVE

    def _credential_files(self, user: str) -> bytes:
        kinds = {name: self._credentials.page(kind, user) for kind, name in KEYSPACES.items()}
        public = {name: [_without_digest(asdict(item)) for item in found] for name, found in kinds.items()}
        audit = self._audit.page(user, "", 10_000)
        return b"".join([*json_member("keys.json", public), *json_member("audit.json", audit)])


def _without_digest(credential: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in credential.items() if name != "digest"}
