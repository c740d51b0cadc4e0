"""What the resources of this service work with."""

from dataclasses import dataclass

from bokeh_web.assets import Assets
from bokeh_web.bokehjs import BokehJS
from bokeh_web.cookies import Cookies
from bokeh_web.events import Streams
from bokeh_web.pages import Pages
from bokeh_web.peers.auth import Auth
from bokeh_web.peers.data import Data
from bokeh_web.peers.gc import Garbage
from bokeh_web.peers.plots import Plots
from bokeh_web.texts import Texts
from bokeh_web.views import Views


@dataclass(frozen=True)
class Site:
    """Pages, what is on them, and the services that know it."""

    pages: Pages
    cookies: Cookies
    assets: Assets
    texts: Texts
    bokehjs: BokehJS
    plots: Plots
    auth: Auth
    data: Data
    garbage: Garbage
    views: Views
    streams: Streams
    refine_rows: int
