"""Creates, lists and finds the data sources of an account."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from bokeh_cloud.account import AccountClient
from bokeh_cloud.data.column_kinds import has_rows, require_same_columns
from bokeh_cloud.data.source_client import SourceClient
from bokeh_cloud.data.sources import RemoteDataSource
from bokeh_cloud.errors import NotFound, Rejected

SOURCE_ID = re.compile(r"[a-z2-7]{26}")

AT_THE_SAME_TIME = timedelta(seconds=10)


def create_source(account: AccountClient, name: str, columns: Mapping[str, Any]) -> RemoteDataSource:
    """Create a live data source; see `Server.DataSource`."""
    return RemoteDataSource(SourceClient.create(account, name, columns))


def open_or_create_source(account: AccountClient, name: str, columns: Mapping[str, Any]) -> RemoteDataSource:
    """Store columns as the live data source of a name; see `Server.DataSource`."""
    source = _find_named(account, name)
    if source is None:
        client = SourceClient.create(account, name, columns)
        source = _find_named(account, name)
        if source is None or source.source_id == client.summary["id"]:
            return RemoteDataSource(client)
        # Another program has created one of this name at the same time. All of them use the first one.
        _delete_unless_changed(client)
    require_same_columns(name, columns, source.columns())
    return source.replace(columns) if has_rows(columns) else source


def put_source(account: AccountClient, name: str, columns: Mapping[str, Any]) -> RemoteDataSource:
    """Store columns as a version of the live data source of a name, or create the source."""
    source = _find_live(account, name)
    return create_source(account, name, columns) if source is None else source.replace(columns)


def list_sources(account: AccountClient, name: str | None = None) -> list[RemoteDataSource]:
    """Return the data sources of an account, or those of a name; raises as `Connection.request`."""
    query = "" if name is None else f"?name={quote(name, safe='')}"
    pages = account.pages(f"{account.user_path}/data{query}")
    summaries = (summary for page in pages for summary in page["sources"])
    return [
        RemoteDataSource(SourceClient(account, summary, None))
        for summary in summaries
        if name in (None, summary["name"])  # earlier servers list all
    ]


def find_source(account: AccountClient, name: str) -> RemoteDataSource:
    """Return the data source with an id or a name, the newest live one if several have the name.

    Raises:
        NotFound: there is none.
    """
    if SOURCE_ID.fullmatch(name) is not None:
        with suppress(NotFound):
            client = SourceClient(account, {"id": name}, None)
            client.read()
            return RemoteDataSource(client)
    found = list_sources(account, name)
    if not found:
        raise NotFound(
            f"There is no data source {name!r} on {account.url}; see `bokeh-cloud data list`.", 404
        )
    return max(found, key=lambda source: (source.live, source.created)).refresh()


def _find_named(account: AccountClient, name: str) -> RemoteDataSource | None:
    """Return the live source of a name, as `find_source`.

    Of sources that were created at the same time, each by a program that found none, it is the first one:
    each of these programs chooses the same, whichever of them it sees.
    """
    same = [one for one in list_sources(account, name) if one.live]
    if not same:
        return None
    since = max(_created(one) for one in same) - AT_THE_SAME_TIME
    recent = [one for one in same if _created(one) >= since]
    return min(recent, key=lambda one: (one.created, one.source_id)).refresh()


def _created(source: RemoteDataSource) -> datetime:
    return datetime.fromisoformat(source.created)


def _delete_unless_changed(client: SourceClient) -> None:
    try:
        client.delete(force=False, is_unchanged=True)
    except Rejected as error:
        if error.status not in (404, 409, 412):  # a program that found it uses it
            raise


def _find_live(account: AccountClient, name: str) -> RemoteDataSource | None:
    try:
        source = find_source(account, name)
    except NotFound:
        return None
    return source if source.live else None
