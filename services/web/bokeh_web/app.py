"""The web service: the routes, top to bottom."""

import os
from dataclasses import dataclass
from functools import partial

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.openapi import describe
from bokeh_common.http.operations import Api
from bokeh_common.http.peer import Peer
from bokeh_web import account, docs, resources
from bokeh_web.cookies import Cookies, SignedIn
from bokeh_web.description import Description
from bokeh_web.files import BokehJS
from bokeh_web.mistakes import show_mistakes
from bokeh_web.pages import Pages
from bokeh_web.peers import Auth, Plots
from bokeh_web.settings import Settings

API = Api("web")


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    settings: Settings
    auth: Peer
    plots: Peer
    data: Peer
    gc: Peer


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    settings, auth = given.settings, Auth(given.auth)
    pages = Pages(settings.accounts)
    peers = {"auth": given.auth, "plots": given.plots}
    checks = {name: partial(peer.get, "/health/ready") for name, peer in peers.items()}
    app = new_app(Authenticator(PeerIntrospection(given.auth)), checks, API)
    show_mistakes(app, pages)
    parts = pages, Plots(given.plots), auth, BokehJS(settings.bokehjs)
    app.add_route("/", resources.Home(*parts))
    app.add_route("/plots/{plot}/show", resources.Show(*parts))
    app.add_route("/plots/{plot}/embed", resources.Embed(*parts))
    app.add_route("/plots/{plot}/extensions/{name}.js", resources.Extension(*parts))
    app.add_route("/static/bokehjs/{version}/{name}", resources.BokehJSFile(*parts))
    app.add_route("/static/assets/{name}", resources.OwnFile(*parts))
    services = [given.auth, given.plots, given.data, given.gc]
    about = pages, Description(services, lambda: describe(API, app.routes))
    app.add_route("/openapi.json", docs.OpenAPI(*about))
    app.add_route("/docs/api", docs.Viewer(*about))
    app.add_route("/problems", docs.ProblemList(*about))
    app.add_route("/problems/{slug}", docs.OneProblem(*about))
    if settings.accounts:
        _add_accounts(app, pages, auth, settings)
    return app


def _add_accounts(app: App, pages: Pages, auth: Auth, settings: Settings) -> None:
    cookies = Cookies(settings.public_url)
    app.add_middleware(SignedIn(cookies))
    parts = pages, auth, cookies, settings.proxied
    app.add_route("/register", account.Register(*parts))
    app.add_route("/login", account.Login(*parts))
    app.add_route("/login/{token}", account.OneTimeLink(*parts))
    app.add_route("/logout", account.Logout(*parts))
    app.add_route("/account", account.Account(*parts))
    app.add_route("/account/keys", account.NewKey(*parts))
    app.add_route("/account/keys/{key}/revoke", account.RevokedKey(*parts))
    app.add_route("/account/sessions/{session}/end", account.EndedSession(*parts))


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    return create_app(
        Dependencies(
            settings=settings,
            auth=Peer(settings.auth_url, token=settings.service_token),
            plots=Peer(settings.plots_url, token=settings.service_token),
            data=Peer(settings.data_url, token=settings.service_token),
            gc=Peer(settings.gc_url, token=settings.service_token),
        )
    )
