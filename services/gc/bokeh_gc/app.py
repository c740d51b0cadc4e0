"""The garbage collector's HTTP side: the routes, top to bottom."""

import os
from dataclasses import dataclass, field

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.origin import Origins
from bokeh_common.http.peer import Peer
from bokeh_common.storage import RecordStore, open_records
from bokeh_gc import resources
from bokeh_gc.api import API
from bokeh_gc.collector import Collector
from bokeh_gc.compression import Compression
from bokeh_gc.gauges import gauges
from bokeh_gc.peers import Auth, Data
from bokeh_gc.records import Records
from bokeh_gc.settings import Settings
from bokeh_gc.worker import Worker

HOUR = 3600


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    settings: Settings
    records: RecordStore = field(repr=False)
    auth: Peer = field(repr=False)
    plots: Peer = field(repr=False)
    data: Peer = field(repr=False)


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    collector = create_collector(given)
    peers = {"auth": given.auth.alive, "plots": given.plots.alive, "data": given.data.alive}
    checks = {"storage": collector.records.ping}
    authenticator = Authenticator(PeerIntrospection(given.auth, given.settings.redis_url))
    about = checks, API, Origins(given.settings.proxied), peers
    app = new_app(authenticator, *about, lambda: gauges(collector.records.report()))
    app.add_route("/{user}/gc/orphans", resources.Orphans(collector))
    app.add_route("/{user}/gc/run", resources.Runs(collector))
    return app


def create_collector(given: Dependencies) -> Collector:
    """Make what collects garbage."""
    services = {"plots": given.plots, "data": given.data}
    settings = given.settings
    grace = settings.grace_hours * HOUR
    return Collector(services, Auth(given.auth), Records(given.records), grace, settings.rest)


def create_worker(given: Dependencies) -> Worker:
    """Make who collects garbage from time to time."""
    settings, collector = given.settings, create_collector(given)
    compression = Compression(
        Data(given.data), collector.records, settings.compress_after_hours * HOUR, settings.rest
    )
    return Worker(collector, settings.every_hours * HOUR, compression=compression)


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    return create_app(dependencies())


def dependencies() -> Dependencies:
    """Return what the environment names."""
    settings = Settings.from_env(os.environ)
    urls = settings.auth_url, settings.plots_url, settings.data_url
    peers = (Peer(url, token=settings.service_token) for url in urls)
    return Dependencies(settings, open_records(settings.storage, "gc"), *peers)
