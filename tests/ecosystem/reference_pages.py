"""Each library's own HTML export of an object."""

from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import holoviews as hv
import panel as pn
from bokeh.embed import file_html
from bokeh.layouts import grid
from bokeh.models import TabPanel, Tabs
from bokeh.resources import INLINE
from playwright.sync_api import BrowserContext, Route

from tests.ecosystem.subjects import Subject

#: Panel's own pages load its style sheets from there, even with all resources inlined.
PANEL_CDN = "https://cdn.holoviz.org/panel/*/dist/**"
PANEL_FILES = Path(pn.__file__).parent / "dist"


def reference_html(subject: Subject) -> str:
    """Return the page that the library of an object writes."""
    obj = subject.build()
    if isinstance(obj, hv.DynamicMap) and not obj.kdims:
        obj = hv.renderer("bokeh").get_plot(obj).state
        return str(file_html(obj, INLINE, title="Reference"))
    if subject.library in ("bokeh", "networkx", "iqplot", "backtesting", "dask", "arviz", "chartify"):
        return str(file_html(_bokeh_model(obj), INLINE, title="Reference"))
    page = StringIO()
    pn.panel(obj).save(page, resources=INLINE, embed=True, progress=False, max_opts=25)
    return page.getvalue()


def _bokeh_model(obj: Any) -> Any:
    """Return what someone would write by hand for an object that is no Bokeh model."""
    if isinstance(obj, dict):
        return Tabs(tabs=[TabPanel(child=child, title=title) for title, child in obj.items()])
    if hasattr(obj, "tolist"):
        return grid([list(row) for row in obj.tolist()])
    if isinstance(obj, list):
        return grid(obj)
    return getattr(obj, "figure", obj)


def serve_panel_files(context: BrowserContext) -> None:
    """Answer a browser's requests to Panel's CDN from the installed package."""
    context.route(PANEL_CDN, _fulfill)


def _fulfill(route: Route) -> None:
    path = PANEL_FILES / urlsplit(route.request.url).path.partition("/dist/")[2]
    if path.is_file():
        route.fulfill(path=path, headers={"Access-Control-Allow-Origin": "*"})
    else:
        route.abort()
