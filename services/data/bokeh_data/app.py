"""The data service: the routes, top to bottom."""

import os
from dataclasses import dataclass

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.limits import Limiter
from bokeh_common.http.operations import Api
from bokeh_common.http.origin import Origins
from bokeh_common.http.peer import Peer
from bokeh_common.http.rooms import add_rooms
from bokeh_common.storage import BlobStore, RecordStore, open_blobs, open_records
from bokeh_data import account, internal, resources
from bokeh_data.archive import Archive
from bokeh_data.handover import Handover
from bokeh_data.holdings import Holdings
from bokeh_data.internal import Holds
from bokeh_data.peers import Plots
from bokeh_data.records import Records
from bokeh_data.rooms import rooms_of
from bokeh_data.settings import Settings
from bokeh_data.sources import Sources

API = Api("data")


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
    sources = Sources(records)
    redis = given.settings.redis_url
    authenticator = Authenticator(PeerIntrospection(given.auth, redis), Limiter(redis))
    checks = {"storage": records.ping}
    app = new_app(authenticator, checks, API, Origins(given.settings.proxied))
    parts = sources, Plots(given.plots), given.settings
    app.add_route("/{user}/data", resources.SourceList(*parts))
    app.add_route("/{user}/data/chunks/missing", resources.MissingChunks(*parts))
    app.add_route("/{user}/data/chunks/{chunk}", resources.ChunkUpload(*parts))
    app.add_route("/{user}/data/columns", resources.ColumnBatch(*parts))
    app.add_route("/{user}/data/columns/{column}", resources.OneColumn(*parts))
    app.add_route("/{user}/data/{source}", resources.OneSource(*parts))
    app.add_route("/internal/data/holds/{user}", Holds(parts[0], given.settings.max_json_bytes))
    add_rooms(app, "data", rooms_of(given.records, given.blobs))
    app.add_route("/internal/data/accounts/{user}", account.AccountHoldings(Holdings(records)))
    app.add_route("/internal/data/sources/{user}", internal.SourceBatch(sources))
    app.add_route("/internal/data/handovers/{user}", internal.Handovers(Handover(records, sources)))
    app.add_route("/internal/data/accounts/{user}/archive", account.AccountArchive(Archive(records)))
    return app


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
