"""The data service: the routes, top to bottom."""

import os
from dataclasses import dataclass

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.limits import Limiter
from bokeh_common.http.origin import Origins
from bokeh_common.http.peer import Peer
from bokeh_common.http.rooms import add_rooms
from bokeh_common.storage import BlobStore, RecordStore, open_blobs, open_records
from bokeh_data import account, internal
from bokeh_data.api import API
from bokeh_data.archive import Archive
from bokeh_data.compressor import Compressor
from bokeh_data.files.uploading import Bounds, Uploads
from bokeh_data.handover import Handover
from bokeh_data.holdings import Holdings
from bokeh_data.internal import Holds
from bokeh_data.live import LiveSources
from bokeh_data.peers import Plots
from bokeh_data.reads import Reads
from bokeh_data.records import Records
from bokeh_data.resources import chunks, columns, sources, versions, windows
from bokeh_data.resources.base import Domain
from bokeh_data.resources.bounds import Bounds as AccountBounds
from bokeh_data.rooms import rooms_of
from bokeh_data.settings import Settings
from bokeh_data.sources import Sources
from bokeh_data.versions import Versions


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    settings: Settings
    records: RecordStore
    blobs: BlobStore
    auth: Peer
    plots: Peer


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    records = Records(given.records, given.blobs)
    redis = given.settings.redis_url
    authenticator = Authenticator(PeerIntrospection(given.auth, redis), Limiter(redis))
    peers = {"auth": given.auth.alive, "plots": given.plots.alive}
    app = new_app(authenticator, {"storage": records.ping}, API, Origins(given.settings.proxied), peers)
    app.add_middleware(AccountBounds(records.bound))
    domain = _domain(given, records)
    app.add_route("/{user}/data", sources.SourceList(domain))
    app.add_route("/{user}/data/chunks/missing", chunks.MissingChunks(domain))
    app.add_route("/{user}/data/chunks/{chunk}", chunks.OneChunk(domain))
    app.add_route("/{user}/data/columns", columns.ColumnBatch(domain))
    app.add_route("/{user}/data/columns/window", windows.ColumnWindow(domain))
    app.add_route("/{user}/data/columns/{column}", columns.OneColumn(domain))
    app.add_route("/{user}/data/{source}", sources.OneSource(domain))
    app.add_route("/{user}/data/{source}/rows", versions.NewRows(domain))
    app.add_route("/{user}/data/{source}/versions", versions.VersionList(domain))
    app.add_route("/{user}/data/{source}/rollback", versions.Rollback(domain))
    app.add_route("/internal/data/holds/{user}", Holds(domain.sources, given.settings.max_json_bytes))
    add_rooms(app, "data", rooms_of(given.records, given.blobs))
    app.add_route("/internal/data/accounts/{user}", account.AccountHoldings(Holdings(records)))
    app.add_route("/internal/data/sources/{user}", internal.SourceBatch(domain.sources))
    app.add_route("/internal/data/compression", internal.Compression(Compressor(given.blobs)))
    app.add_route("/internal/data/handovers/{user}", internal.Handovers(Handover(records, domain.sources)))
    app.add_route("/internal/data/accounts/{user}/archive", account.AccountArchive(Archive(records)))
    return app


def _domain(given: Dependencies, records: Records) -> Domain:
    plots, found = Plots(given.plots), Sources(records, given.settings.source_limits)
    history = Versions(records, plots)
    reads = Reads(records, found, given.settings.hot_bytes)
    live = LiveSources(records, found, history)
    settings = given.settings
    bounds = Bounds(settings.file_memory_bytes, settings.max_unpacked_bytes, settings.source_limits)
    uploads = Uploads(records, bounds)
    return Domain(found, live, history, plots, given.settings, reads, uploads)


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    return create_app(
        Dependencies(
            settings=settings,
            records=open_records(settings.storage, "data"),
            blobs=open_blobs(settings.storage, "data"),
            auth=Peer(settings.auth_url, token=settings.service_token),
            plots=Peer(settings.plots_url, token=settings.service_token),
        )
    )
