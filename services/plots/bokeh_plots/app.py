"""The plots service: the routes, top to bottom."""

import os
from dataclasses import dataclass

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.limits import Limiter
from bokeh_common.http.origin import Origins
from bokeh_common.http.peer import Peer
from bokeh_common.http.rooms import add_rooms
from bokeh_common.storage import BlobStore, RecordStore, open_blobs, open_records
from bokeh_plots import account, graph_resources, internal, resources, share_resources, visit_resources
from bokeh_plots.api import API
from bokeh_plots.archive import Archive
from bokeh_plots.graphs import Graphs
from bokeh_plots.holdings import Holdings
from bokeh_plots.objects import Objects
from bokeh_plots.peers import Auth, Data
from bokeh_plots.plots import Plots
from bokeh_plots.publishing import Publisher
from bokeh_plots.records import Records
from bokeh_plots.rooms import rooms_of
from bokeh_plots.scenes import Scenes
from bokeh_plots.settings import Settings
from bokeh_plots.visits import Visits


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    settings: Settings
    records: RecordStore
    blobs: BlobStore
    auth: Peer
    data: Peer


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    records, data = Records(given.records, given.blobs), Data(given.data)
    settings, plots = given.settings, Plots(records)
    scenes, visits = Scenes(plots, data), Visits(records, plots)
    publisher = Publisher(records, data, settings.max_versions, settings.limits)
    redis = settings.redis_url
    authenticator = Authenticator(PeerIntrospection(given.auth, redis), Limiter(redis))
    peers = {"auth": given.auth.alive, "data": given.data.alive}
    checks = {"storage": records.ping}
    app = new_app(authenticator, checks, API, Origins(settings.proxied), peers)
    objects = Objects(plots, scenes, data, settings.limits.ids)
    parts = plots, scenes, publisher, objects, Auth(given.auth), visits, settings
    graphs = Graphs(plots, scenes, publisher, data)
    app.add_route("/{user}/store", resources.Store(*parts))
    app.add_route("/{user}/delete", graph_resources.Delete(graphs, *parts))
    app.add_route("/{user}/clone", graph_resources.Clone(graphs, *parts))
    app.add_route("/{user}/plots", resources.PlotList(*parts))
    app.add_route("/{user}/plots/{plot}", resources.OnePlot(*parts))
    app.add_route("/{user}/plots/{plot}/scene", resources.Scene(*parts))
    app.add_route("/{user}/plots/{plot}/data", resources.PlotSources(*parts))
    app.add_route("/{user}/plots/{plot}/versions", resources.Versions(*parts))
    app.add_route("/{user}/plots/{plot}/rollback", resources.Rollback(*parts))
    app.add_route("/{user}/plots/{plot}/shares", share_resources.Shares(*parts))
    app.add_route("/{user}/plots/{plot}/shares/{share}", share_resources.OneShare(*parts))
    app.add_route("/{user}/objects/{ids}", resources.ManyObjects(*parts))
    app.add_route("/{user}/plots/{plot}/thumbnail", visit_resources.NewThumbnail(plots, visits))
    app.add_route("/internal/plots/references", internal.References(*parts))
    app.add_route("/internal/plots/{plot}", internal.View(*parts))
    app.add_route("/internal/plots/{plot}/columns", internal.ShownColumns(*parts))
    app.add_route("/internal/plots/{plot}/extensions/{name}", internal.Extension(*parts))
    add_rooms(app, "plots", rooms_of(given.records, given.blobs))
    app.add_route("/internal/plots/{plot}/thumbnail", visit_resources.Thumbnail(plots, visits))
    app.add_route("/internal/plots/visits/{user}", visit_resources.AccountVisits(plots, visits))
    app.add_route("/internal/plots/public/{user}", visit_resources.PublicPlots(plots, visits))
    app.add_route("/internal/plots/views", visit_resources.Views(plots, visits))
    app.add_route("/internal/plots/accounts/{user}", account.AccountHoldings(Holdings(records)))
    app.add_route("/internal/plots/accounts/{user}/archive", account.AccountArchive(Archive(records)))
    return app


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    return create_app(
        Dependencies(
            settings=settings,
            records=open_records(settings.storage, "plots"),
            blobs=open_blobs(settings.storage, "plots"),
            auth=Peer(settings.auth_url, token=settings.service_token),
            data=Peer(settings.data_url, token=settings.service_token),
        )
    )
