"""The web service: the routes, top to bottom."""

import os
from dataclasses import dataclass
from functools import partial

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.openapi import describe
from bokeh_common.http.operations import Api
from bokeh_common.http.origin import Origins
from bokeh_common.http.peer import Peer
from bokeh_common.storage import BlobStore, open_blobs
from bokeh_web.assets import Assets
from bokeh_web.bokehjs import BokehJS
from bokeh_web.cookies import Cookies, SignedIn
from bokeh_web.description import Description
from bokeh_web.events import Streams
from bokeh_web.mistakes import SecurityHeaders, show_mistakes
from bokeh_web.pages import Look, Pages
from bokeh_web.peers.auth import Auth
from bokeh_web.peers.data import Data
from bokeh_web.peers.gc import Garbage
from bokeh_web.peers.plots import Plots
from bokeh_web.resources import (
    account,
    data,
    docs,
    download,
    entrance,
    files,
    home,
    oembed,
    overview,
    owned,
    plot,
    plots,
    storage,
)
from bokeh_web.settings import Settings
from bokeh_web.site import Site
from bokeh_web.texts import Texts
from bokeh_web.views import Views

API = Api("web")


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world; `blobs` holds versions of BokehJS that an operator added."""

    settings: Settings
    auth: Peer
    plots: Peer
    data: Peer
    gc: Peer
    blobs: BlobStore | None = None


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    settings = given.settings
    introspect = PeerIntrospection(given.auth, settings.redis_url)
    peers = {"auth": given.auth.alive, "plots": given.plots.alive, "data": given.data.alive}
    checks = {} if given.blobs is None else {"storage": partial(given.blobs.list, limit=1)}
    cookies = Cookies(settings.public_url, settings.accounts)
    look = Look(settings.brand, Assets(settings.brand), Texts(settings.pages))
    pages = Pages(look, cookies, introspect, settings.accounts)
    app = new_app(Authenticator(introspect), checks, API, Origins(settings.proxied), peers)
    app.add_middleware(SecurityHeaders(settings.public_url))
    show_mistakes(app, pages, cookies)
    asked = Plots(given.plots)
    site = Site(
        pages=pages,
        cookies=cookies,
        assets=look.assets,
        texts=look.texts,
        bokehjs=BokehJS(settings.bokehjs, given.blobs),
        plots=asked,
        auth=Auth(given.auth),
        data=Data(given.data),
        garbage=Garbage(given.gc),
        views=Views(asked),
        streams=Streams(),
        refine_rows=settings.refine_rows,
    )
    _add_pages(app, site)
    _add_plot(app, site)
    _add_docs(app, site, [given.auth, given.plots, given.data, given.gc])
    if settings.accounts:
        app.add_middleware(SignedIn(cookies))
        _add_accounts(app, site)
    return app


def _add_pages(app: App, site: Site) -> None:
    app.add_route("/", home.Home(site))
    app.add_route("/u/{name}", home.Profile(site))
    for name in ("terms", "privacy", "imprint"):
        app.add_route(f"/{name}", home.OperatorsText(site))
    app.add_route("/plots", plots.PlotList(site))
    app.add_route("/plots/selection", plots.Selection(site))
    app.add_route("/data", data.DataList(site))
    app.add_route("/data/{source}", data.OneSource(site))
    app.add_route("/data/{source}/download/{form}", data.Download(site))
    app.add_route("/data/{source}/delete", data.DeletedSource(site))
    app.add_route("/oembed", oembed.OEmbed(site))
    app.add_route("/static/bokehjs/{version}/{name}", files.BokehJSFile(site))
    app.add_route("/static/assets/{name}", files.OwnFile(site))


def _add_plot(app: App, site: Site) -> None:
    app.add_route("/plots/{plot}/show", plot.Show(site))
    app.add_route("/plots/{plot}/embed", plot.Embed(site))
    app.add_route("/plots/{plot}/events", plot.Events(site))
    app.add_route("/plots/{plot}/embed.js", files.EmbedScript(site))
    app.add_route("/plots/{plot}/extensions/{name}.js", files.Extension(site))
    app.add_route("/plots/{plot}/download.html", download.Page(site))
    app.add_route("/plots/{plot}/data/{source}/{form}", download.Rows(site))
    app.add_route("/plots/{plot}/thumbnail.png", owned.Thumbnail(site))
    app.add_route("/plots/{plot}/thumbnail", owned.NewThumbnail(site))
    app.add_route("/plots/{plot}/settings", owned.Changes(site))
    app.add_route("/plots/{plot}/clone", owned.Clone(site))
    app.add_route("/plots/{plot}/rollback", owned.Rollback(site))


def _add_docs(app: App, site: Site, services: list[Peer]) -> None:
    about = site, Description(services, lambda: describe(API, app.routes))
    app.add_route("/openapi.json", docs.OpenAPI(*about))
    app.add_route("/docs/api", docs.Viewer(*about))
    app.add_route("/problems", docs.ProblemList(*about))
    app.add_route("/problems/{slug}", docs.OneProblem(*about))


def _add_accounts(app: App, site: Site) -> None:
    app.add_route("/register", entrance.Register(site))
    app.add_route("/login", entrance.Login(site))
    app.add_route("/login/{token}", entrance.OneTimeLink(site))
    app.add_route("/logout", entrance.Logout(site))
    app.add_route("/account", overview.Overview(site))
    app.add_route("/account/export", overview.Export(site))
    app.add_route("/account/activity", overview.Activity(site))
    app.add_route("/account/delete", overview.Deletion(site))
    app.add_route("/account/unused", storage.Unused(site))
    app.add_route("/account/unused/free", storage.Freed(site))
    app.add_route("/account/keys", account.Keys(site))
    app.add_route("/account/keys/{key}/revoke", account.RevokedKey(site))
    app.add_route("/account/sessions", account.Sessions(site))
    app.add_route("/account/sessions/{session}/end", account.EndedSession(site))
    app.add_route("/account/shares", account.Shares(site))
    app.add_route("/plots/{plot}/shares", owned.NewShare(site))
    app.add_route("/plots/{plot}/shares/{share}/revoke", owned.RevokedShare(site))


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    return create_app(
        Dependencies(
            settings=settings,
            auth=Peer(settings.auth_url, token=settings.service_token),
            plots=Peer(settings.plots_url, token=settings.service_token),
            data=Peer(settings.data_url, token=settings.service_token),
            blobs=open_blobs(settings.storage, "web") if settings.storage else None,
            gc=Peer(settings.gc_url, token=settings.service_token),
        )
    )
