"""The pages of one's data: what there is, which plots use it, and what deleting it would break."""

import re
from typing import Any

import falcon

from bokeh_common.errors import NotFound
from bokeh_common.http.auth import Access
from bokeh_common.http.operations import Answer, Operation
from bokeh_web.forms import go
from bokeh_web.listing import Sorting, Wanted, select
from bokeh_web.resources.base import FORM, PAGE, Resource, key_of, user_of
from bokeh_web.words import file_name

READ = Access("data:read", besides=("plots:read",))
WRITE = Access("data:write", besides=("plots:read",))

#: The forms in which people take data along, by the ending of the file, and their media types.
FORMS = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "arrow": "application/vnd.apache.arrow.stream",
}

#: An id of Bokeh's, which older clients call data sources by.
GENERATED = re.compile(r"p\d+")

NAMED_COLUMNS = 4

SORTINGS = {
    "modified": Sorting("Newest first", lambda source: source["modified"], descending=True),
    "size": Sorting("Largest first", lambda source: source["size"], descending=True),
    "name": Sorting("By name", lambda source: source["name"].casefold()),
    "unused": Sorting("Unused first", lambda source: len(source["plots"])),
}


class DataList(Resource):
    """`GET /data`."""

    access = {"GET": READ}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show one's data sources."""
        wanted = Wanted.of(req.params, SORTINGS)
        sources = self._sources(req)
        page = select(sources, wanted, SORTINGS, _words, "kind")
        values = {"page": page, "wanted": wanted, "sortings": SORTINGS, "total": len(sources)}
        self._show(req, resp, "data/list.html", size=sum(source["size"] for source in sources), **values)

    def _sources(self, req: falcon.Request) -> list[dict[str, Any]]:
        user, key = user_of(req), key_of(req)
        used, plots = self._site.plots.uses(user), self._site.plots.all(user, key)
        titles = {plot["id"]: plot for plot in plots}
        sources = self._site.data.sources(user, key)
        return [
            _described(source, [titles[plot] for plot in used.get(source["id"], []) if plot in titles])
            for source in sources
        ]


class OneSource(Resource):
    """`GET /data/{source}`."""

    access = {"GET": READ}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response, source: str) -> None:
        """Show a data source: its columns, and the plots that use it."""
        found = self._source(req, source)
        self._show(req, resp, "data/source.html", source=found, forms=FORMS)

    def _source(self, req: falcon.Request, source: str) -> dict[str, Any]:
        user, key = user_of(req), key_of(req)
        used = self._site.plots.uses(user).get(source, [])
        plots = [plot for plot in self._site.plots.all(user, key) if plot["id"] in used]
        return _described(self._site.data.source(user, source, key), plots)


class Download(Resource):
    """`GET /data/{source}/download/{form}`."""

    access = {"GET": READ}
    describe = {"GET": Operation({200: Answer(bytes, tuple(FORMS.values()))})}

    def on_get(self, req: falcon.Request, resp: falcon.Response, source: str, form: str) -> None:
        """Send a data source as a file; the ending of its address is the form."""
        if form not in FORMS:
            raise NotFound(f"There is no form {form}; there are {', '.join(FORMS)}.")
        user, key = user_of(req), key_of(req)
        name = self._site.data.source(user, source, key)["name"]
        resp.stream = self._site.data.rows(user, source, form, key)
        resp.content_type = FORMS[form]
        resp.downloadable_as = file_name(name, f".{form}")


class DeletedSource(OneSource):
    """`GET` and `POST /data/{source}/delete`."""

    access = {"GET": READ, "POST": WRITE}
    describe = {"GET": PAGE, "POST": FORM}

    def on_get(self, req: falcon.Request, resp: falcon.Response, source: str) -> None:
        """Ask whether to delete it, and name the plots that would show nothing any more."""
        self._show(req, resp, "data/delete.html", source=self._source(req, source))

    def on_post(self, req: falcon.Request, resp: falcon.Response, source: str) -> None:
        """Delete it; with the plots that use it named on the page before, it is meant."""
        self._form(req)
        self._site.data.delete(user_of(req), source, key_of(req))
        go(resp, "/data")


def _described(source: dict[str, Any], plots: list[dict[str, Any]]) -> dict[str, Any]:
    columns = source["columns"].values()
    return {
        **source,
        "name": name_of(source, plots),
        "modified": source.get("modified") or "",
        "kind": "live" if source.get("live") else "frozen",
        "size": sum(column["size"] for column in columns),
        # Of lists and texts that were published as they are, the length is that of their bytes.
        "rows": max((column["length"] for column in columns if column["dtype"] != "packed"), default=None),
        "plots": plots,
    }


def name_of(source: dict[str, Any], plots: list[dict[str, Any]]) -> str:
    """Return what to call it; what was published within a plot is called by that plot's title."""
    plot, within, part = source["name"].partition("/")
    if source.get("live") or not within:
        return source["name"] or "unnamed"
    if GENERATED.fullmatch(part):
        part = ", ".join(list(source["columns"])[:NAMED_COLUMNS])
    return f"{plots[0]['title'] if plots else plot}: {part}"


def _words(source: dict[str, Any]) -> str:
    titles = " ".join(plot["title"] for plot in source["plots"])
    return f"{source['name']} {source['id']} {' '.join(source['columns'])} {titles}"
