"""The web service: the routes, top to bottom."""

import os
from dataclasses import dataclass
from functools import partial

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.peer import Peer
from bokeh_web import resources
from bokeh_web.files import BokehJS
from bokeh_web.mistakes import show_mistakes
from bokeh_web.pages import Pages
from bokeh_web.peers import Auth, Plots
from bokeh_web.settings import Settings


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    settings: Settings
    auth: Peer
    plots: Peer


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    pages = Pages()
    peers = {"auth": given.auth, "plots": given.plots}
    checks = {name: partial(peer.get, "/health/ready") for name, peer in peers.items()}
    app = new_app(Authenticator(PeerIntrospection(given.auth)), checks)
    show_mistakes(app, pages)
    parts = pages, Plots(given.plots), Auth(given.auth), BokehJS(given.settings.bokehjs)
    app.add_route("/", resources.Home(*parts))
    app.add_route("/plots/{plot}/show", resources.Show(*parts))
    app.add_route("/plots/{plot}/embed", resources.Embed(*parts))
    app.add_route("/plots/{plot}/extensions/{name}.js", resources.Extension(*parts))
    app.add_route("/static/bokehjs/{version}/{name}", resources.BokehJSFile(*parts))
    app.add_route("/static/assets/{name}", resources.OwnFile(*parts))
    return app


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    return create_app(
        Dependencies(settings=settings, auth=Peer(settings.auth_url), plots=Peer(settings.plots_url))
    )
