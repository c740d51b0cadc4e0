"""Client of the data service."""

import base64
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from bokeh_common.errors import Invalid, TooLarge, Unavailable
from bokeh_common.http.client.service_client import ResponseStream, ServiceClient, path
from bokeh_common.http.server.thread_pools import COMPUTE
from bokeh_web.clients.table_files import TableFile
from bokeh_web.pages.first_rows import ROWS, FirstRows, quote_name, shown_columns, table_of

#: How long the output formats are cached, which change only when the data service is upgraded.
FORMATS_SECONDS = 300.0

#: How long the data service may take to read a file.
FILE_SECONDS = 600.0


@dataclass(frozen=True)
class DownloadFormat:
    """An output format of the data service in which pages offer downloads.

    Attributes:
        extension: of URLs and files, without a dot.
        media_type: the `Content-Type` of files.
        label: of download links.
        audience: "visitors" if the pages of plots have download links, too; "owners" if only those of data
            sources have them.
    """

    extension: str
    media_type: str
    label: str
    audience: str


class DataClient:
    """The data service, as this service uses it.

    `authorization` is the visitor's `Authorization` header, or that of a view token. All methods raise the
    errors of the data service, as `CloudError`.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self._formats: dict[str, DownloadFormat] = {}
        self._formats_expire_at = 0.0

    @property
    def known_formats(self) -> Mapping[str, DownloadFormat]:
        """The formats that `download_formats` returned last; none before it was called."""
        return self._formats

    async def download_formats(self) -> Mapping[str, DownloadFormat]:
        """Return the formats of downloads by extension, in the order of the links."""
        now = time.monotonic()
        if now >= self._formats_expire_at:
            try:
                found = (await self._service.get("/internal/data/formats"))["formats"]
            except Unavailable:
                if not self._formats:
                    raise
                return self._formats
            offered = [_download_format(item) for item in found if item["audience"] != "programs"]
            self._formats = {item.extension: item for item in offered}
            self._formats_expire_at = now + FORMATS_SECONDS
        return self._formats

    async def sources(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return summaries of the account's data sources."""
        sources = self._service.iter_items(path(user, "data"), "sources", authorization=authorization)
        return [source async for source in sources]

    async def source(self, user: str, source: str, authorization: str | None) -> dict[str, Any]:
        """Return the summary of a data source; `NotFound`."""
        return dict(await self._service.get(path(user, "data", source), authorization=authorization))

    async def rows(
        self, user: str, source: str, extension: str, authorization: str | None, version: int | None = None
    ) -> ResponseStream:
        """Return a file with all rows of a data source.

        Args:
            user: the account.
            source: the id of the data source.
            extension: that of the output format, such as "csv".
            authorization: the visitor's.
            version: of the data source; None for the newest.

        Raises:
            NotFound: there is no such data source, version or format.
        """
        query = "" if version is None else f"?version={version}"
        url = f"{path(user, 'data', f'{source}.{extension}')}{query}"
        return await self._service.stream("GET", url, authorization=authorization)

    async def first_rows(
        self, user: str, source: dict[str, Any], version: int | None, where: str, authorization: str | None
    ) -> FirstRows:
        """Return the first rows that meet a condition, all if it is empty; or what is wrong with it."""
        names = shown_columns(source["columns"])
        if not names:
            return FirstRows(problem="Its columns are too large to be shown here.")
        query = {
            "columns": ",".join(map(quote_name, names)),
            "limit": ROWS,
            "version": version,
            "where": where or None,
        }
        try:
            found = await self._service.get(
                path(user, "data", f"{source['id']}.json"), authorization=authorization, **query
            )
        except (Invalid, TooLarge) as error:
            return FirstRows(problem=str(error))
        return table_of(found["columns"], len(source["columns"]) - len(names))

    async def versions(self, user: str, source: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return the versions of a data source that are kept, newest first."""
        url = path(user, "data", source, "versions")
        found = self._service.iter_items(url, "versions", authorization=authorization)
        return [version async for version in found][::-1]

    async def rename(self, user: str, source: str, name: str, authorization: str | None) -> None:
        """Give a live source another name; `Invalid`, `NotFound`."""
        body = msgspec.json.encode({"name": name})
        url = path(user, "data", source)
        await self._service.put(url, body, "application/json", authorization=authorization, if_match="*")

    async def roll_back(self, user: str, source: str, version: int, authorization: str | None) -> None:
        """Make a version with the columns of an old one; `NotFound`."""
        url = path(user, "data", source, "rollback")
        await self._service.post(url, {"version": version}, authorization=authorization)

    async def delete(self, user: str, source: str, authorization: str | None) -> None:
        """Delete a data source, even if plots use it; `NotFound`."""
        await self._service.delete(path(user, "data", source), authorization=authorization, force="true")

    async def preview_file(self, user: str, file: TableFile, authorization: str | None) -> dict[str, Any]:
        """Return what a file would become, see the operation of the API; `Invalid`, `TooLarge`."""
        return dict(await self._send_file(path(user, "data", "preview"), file, [], authorization))

    async def store_file(
        self, user: str, name: str, file: TableFile, authorization: str | None
    ) -> dict[str, Any]:
        """Store a file as a new data source, and return its summary.

        Raises:
            Invalid: the file cannot be read.
            TooLarge: it is too large.
        """
        return dict(await self._send_file(path(user, "data"), file, [("name", name)], authorization))

    async def _send_file(
        self, url: str, file: TableFile, query: list[tuple[str, str]], authorization: str | None
    ) -> Any:
        parameters = urlencode([*query, *(("type", kind) for kind in file.types)])
        return await self._service.post_stream(
            f"{url}?{parameters}",
            file.blocks,
            file.headers,
            authorization=authorization,
            seconds=FILE_SECONDS,
        )

    async def column(self, user: str, column: str, authorization: str) -> AsyncGenerator[bytes, None]:
        """Yield a column in its browser encoding, as base64."""
        url = path(user, "data", "columns", column)
        stream = await self._service.stream("GET", url, authorization=authorization)
        try:
            rest = b""
            async for block in stream:
                block = rest + block
                encodable = len(block) - len(block) % 3  # three bytes become four characters, without padding
                rest = block[encodable:]
                yield await COMPUTE.run(base64.b64encode, block[:encodable])
            yield base64.b64encode(rest)
        finally:
            await stream.close()


def _download_format(item: Mapping[str, str]) -> DownloadFormat:
    return DownloadFormat(item["extension"], item["media_type"], item["label"], item["audience"])
