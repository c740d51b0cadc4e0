"""The pages of an account's data sources: their columns, the plots that use them, download and deletion."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from falcon.asgi import Request, Response

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import Access, authorization_of
from bokeh_common.http.openapi.negotiation import require_acceptable
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_query
from bokeh_common.http.server.thread_pools import compute
from bokeh_web.clients.data import DownloadFormat
from bokeh_web.pages.forms import redirect
from bokeh_web.pages.jinja_filters import file_name
from bokeh_web.pages.listing import Listing, ListQuery, SortOrder, select_page
from bokeh_web.resources.base import FORM, PAGE, WebResource, user_of
from bokeh_web.resources.schemas import DataNameForm, DataSourceQuery, Form, RollbackForm

READ = Access("data:read", extra_scopes=("plots:read",))
WRITE = Access("data:write", extra_scopes=("plots:read",))

#: The id of a Bokeh model, by which older clients name data sources.
MODEL_ID = re.compile(r"p\d+")

#: How many columns stand for a data source that has no name.
MAX_NAMED_COLUMNS = 4

#: To merge a data source takes about as long as to process so many bytes of JSON.
MERGE_COST = 64

SORT_ORDERS = {
    "modified": SortOrder("Newest first", lambda source: source["modified"], descending=True),
    "size": SortOrder("Largest first", lambda source: source["size"], descending=True),
    "name": SortOrder("By name", lambda source: source["name"].casefold()),
    "unused": SortOrder("Unused first", lambda source: len(source["plots"])),
}


class DataListPage(WebResource):
    """`GET /data`."""

    access = {"GET": READ}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the account's data sources."""
        listing = Listing.from_query(read_query(req, ListQuery), SORT_ORDERS)
        sources = await self._sources(req)
        values = {
            "page": await select_page(sources, listing, SORT_ORDERS, _search_text, "kind"),
            "listing": listing,
            "orders": SORT_ORDERS,
            "total": len(sources),
            "size": sum(source["size"] for source in sources),
        }
        await self._respond_with_page(req, resp, "data/list.html", **values)

    async def _sources(self, req: Request) -> list[dict[str, Any]]:
        user, authorization = user_of(req), authorization_of(req)
        sources, plots, used = await asyncio.gather(
            self._domain.data.sources(user, authorization),
            self._domain.plots.all(user, authorization),
            self._domain.plots.plots_by_source(user),
        )
        return await compute(len(sources) * MERGE_COST, _merge, sources, plots, used)


class DataSourcePage(WebResource):
    """`GET /data/{source}`."""

    access = {"GET": READ}
    describe = {"GET": replace(PAGE, query=DataSourceQuery)}

    async def on_get(self, req: Request, resp: Response, source: str) -> None:
        """Show a data source: its first rows, its columns, its versions, and the plots that use it."""
        query, user, authorization = read_query(req, DataSourceQuery), user_of(req), authorization_of(req)
        found, formats, versions = await asyncio.gather(
            self._source(req, source),
            self._domain.data.download_formats(),
            self._domain.data.versions(user, source, authorization),
        )
        first = await self._domain.data.first_rows(user, found, query.version, query.where, authorization)
        values = {"first": first, "where": query.where, "versions": versions, "shown": query.version}
        await self._respond_with_page(
            req, resp, "data/source.html", source=found, formats=formats.values(), **values
        )

    async def _source(self, req: Request, source: str) -> dict[str, Any]:
        user, authorization = user_of(req), authorization_of(req)
        found, plots, used = await asyncio.gather(
            self._domain.data.source(user, source, authorization),
            self._domain.plots.all(user, authorization),
            self._domain.plots.plots_by_source(user),
        )
        return _merge([found], plots, used)[0]


class DataSourceAction(WebResource):
    """The base class of actions on a live source."""

    access = {"POST": WRITE}
    describe = {"POST": FORM}


class RenameDataSourceAction(DataSourceAction):
    """`POST /data/{source}/rename`."""

    async def on_post(self, req: Request, resp: Response, source: str) -> None:
        """Give a live source another name."""
        form = await self._read_form(req, DataNameForm)
        await self._domain.data.rename(user_of(req), source, form.name.strip(), authorization_of(req))
        redirect(resp, f"/data/{source}")


class RollbackDataSourceAction(DataSourceAction):
    """`POST /data/{source}/rollback`."""

    async def on_post(self, req: Request, resp: Response, source: str) -> None:
        """Make a version of a live source with the columns of an old one."""
        form = await self._read_form(req, RollbackForm)
        await self._domain.data.roll_back(user_of(req), source, form.version, authorization_of(req))
        redirect(resp, f"/data/{source}")


class DataDownloadResource(WebResource):
    """`GET /data/{source}/download/{form}`."""

    access = {"GET": READ}

    @property
    def describe(self) -> Mapping[str, Operation]:
        """The operation; its media types are those of the output formats, as far as they are known."""
        return {"GET": Operation({200: file_response(self._domain.data.known_formats)})}

    async def on_get(self, req: Request, resp: Response, source: str, form: str) -> None:
        """Send a data source as a file, in the format that the end of the path names."""
        formats = await self._domain.data.download_formats()
        require_acceptable(req, self.describe["GET"])
        if form not in formats:
            raise NotFound(f"There is no format {form!r}; choose one of {', '.join(formats)}.")
        user, authorization = user_of(req), authorization_of(req)
        found = await self._domain.data.source(user, source, authorization)
        resp.stream = await self._domain.data.rows(user, source, form, authorization)
        resp.content_type = formats[form].media_type
        resp.downloadable_as = file_name(found["name"], f".{form}")


class DeleteDataSourcePage(DataSourcePage):
    """`GET` and `POST /data/{source}/delete`."""

    access = {"GET": READ, "POST": WRITE}
    describe = {"GET": PAGE, "POST": FORM}

    async def on_get(self, req: Request, resp: Response, source: str) -> None:
        """Ask for confirmation, and list the plots that would lose their data."""
        found = await self._source(req, source)
        await self._respond_with_page(req, resp, "data/delete.html", source=found)

    async def on_post(self, req: Request, resp: Response, source: str) -> None:
        """Delete the data source, even if plots use it, since the page before listed them."""
        await self._read_form(req, Form)
        await self._domain.data.delete(user_of(req), source, authorization_of(req))
        redirect(resp, "/data")


def _merge(
    sources: list[dict[str, Any]], plots: list[dict[str, Any]], used: Mapping[str, list[str]]
) -> list[dict[str, Any]]:
    """Return the summaries of data sources with everything else that pages show.

    Args:
        sources: the summaries.
        plots: the plots that the visitor may see.
        used: the ids of the plots that use each data source, by the ids of the data sources.
    """
    by_id = {plot["id"]: plot for plot in plots}
    return [
        _with_plots(source, [by_id[plot] for plot in used.get(source["id"], []) if plot in by_id])
        for source in sources
    ]


def _with_plots(source: dict[str, Any], plots: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the summary of a data source with everything else that pages show."""
    columns = source["columns"].values()
    return {
        **source,
        "name": display_name(source, plots),
        "modified": source.get("modified") or "",
        "kind": "live" if source.get("live") else "frozen",
        "size": sum(column["size"] for column in columns),
        # The length of a packed column is that of its bytes.
        "rows": max((column["length"] for column in columns if column["dtype"] != "packed"), default=None),
        "plots": plots,
    }


def display_name(source: dict[str, Any], plots: list[dict[str, Any]]) -> str:
    """Return the name of a data source on pages; if it belongs to a plot, it starts with the plot's title."""
    plot, separator, part = source["name"].partition("/")
    if source.get("live") or not separator:
        return source["name"] or "unnamed"
    if MODEL_ID.fullmatch(part):
        part = ", ".join(list(source["columns"])[:MAX_NAMED_COLUMNS])
    return f"{plots[0]['title'] if plots else plot}: {part}"


def _search_text(source: dict[str, Any]) -> str:
    titles = " ".join(plot["title"] for plot in source["plots"])
    return f"{source['name']} {source['id']} {' '.join(source['columns'])} {titles}"


def file_response(formats: Mapping[str, DownloadFormat]) -> ResponseSpec:
    """Return the description of a file in one of several formats."""
    return ResponseSpec(bytes, tuple(item.media_type for item in formats.values()))
