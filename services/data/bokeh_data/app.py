"""The data service: the routes, top to bottom."""

import os
from dataclasses import dataclass

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.operations import Api
from bokeh_common.http.peer import Peer
from bokeh_common.storage import BlobStore, RecordStore, open_blobs, open_records
from bokeh_data import account, resources
from bokeh_data.holdings import Holdings
from bokeh_data.peers import Plots
from bokeh_data.records import Records
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
    app = new_app(Authenticator(PeerIntrospection(given.auth)), {"storage": records.ping}, API)
    parts = Sources(records), Plots(given.plots), given.settings
    app.add_route("/{user}/data", resources.SourceList(*parts))
    app.add_route("/{user}/data/chunks/missing", resources.MissingChunks(*parts))
    app.add_route("/{user}/data/chunks/{chunk}", resources.ChunkUpload(*parts))
    app.add_route("/{user}/data/columns", resources.ColumnBatch(*parts))
    app.add_route("/{user}/data/columns/{column}", resources.OneColumn(*parts))
    app.add_route("/{user}/data/{source}", resources.OneSource(*parts))
    app.add_route("/internal/data/accounts/{user}", account.AccountHoldings(Holdings(records)))
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
