"""The data service's HTTP application: all of its routes."""

import os

from bokeh_common.http.app import App, blocking_check, new_app
from bokeh_common.http.auth.access import Authenticator, RemoteIntrospection
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.context.client_address import ClientAddressMiddleware
from bokeh_common.http.keyspaces import add_keyspace_routes
from bokeh_common.http.openapi.query_parameters import QueryParametersMiddleware
from bokeh_common.http.rate_limits import RateLimiter
from bokeh_common.http.server.draining import MIDDLE_DRAIN_PERIODS
from bokeh_common.http.server.served_app import ServedApp
from bokeh_common.storage import open_blobs, open_records
from bokeh_data.container import Dependencies, Domain
from bokeh_data.resources import account, chunks, columns, files, internal, sources, versions, windows
from bokeh_data.resources.quota_middleware import QuotaMiddleware
from bokeh_data.resources.schemas.api import API
from bokeh_data.settings import Settings
from bokeh_data.storage.keyspaces import keyspaces_of

__all__ = ["Dependencies", "create_app", "get_app"]


def create_app(dependencies: Dependencies) -> App:
    """Create the application from settings, storage and service clients."""
    domain, settings = Domain.create(dependencies), dependencies.settings
    introspection = RemoteIntrospection(dependencies.auth, settings.redis_url)
    app = new_app(
        Authenticator(introspection, RateLimiter(settings.redis_url)),
        {"storage": blocking_check(domain.repository.ping)},
        API,
        ClientAddressMiddleware(settings.proxied),
        {"auth": dependencies.auth.check_health, "plots": dependencies.plots.check_health},
    )
    app.add_middleware(QueryParametersMiddleware())
    app.add_middleware(QuotaMiddleware(domain.repository, domain.plots_usage))
    _add_public_routes(app, domain)
    _add_internal_routes(app, domain)
    add_keyspace_routes(app, "data", keyspaces_of(dependencies.records, dependencies.blobs))
    return app


def _add_public_routes(app: App, domain: Domain) -> None:
    app.add_route("/{user}/data", sources.SourceList(domain))
    app.add_route("/{user}/data/chunks/missing", chunks.MissingChunkList(domain))
    app.add_route("/{user}/data/chunks/{chunk}", chunks.OneChunk(domain))
    app.add_route("/{user}/data/columns", columns.ColumnBatch(domain))
    app.add_route("/{user}/data/columns/window", windows.ColumnWindow(domain))
    app.add_route("/{user}/data/columns/{column}", columns.OneColumn(domain))
    app.add_route("/{user}/data/preview", files.FilePreviewResource(domain))
    app.add_route("/{user}/data/{source}", sources.OneSource(domain))
    app.add_route("/{user}/data/{source}/rows", versions.SourceRows(domain))
    app.add_route("/{user}/data/{source}/versions", versions.SourceVersionList(domain))
    app.add_route("/{user}/data/{source}/rollback", versions.SourceRollback(domain))


def _add_internal_routes(app: App, domain: Domain) -> None:
    app.add_route("/internal/data/pins/{user}", internal.Pins(domain))
    app.add_route("/internal/data/sources/{user}", internal.SourceBatch(domain))
    app.add_route("/internal/data/current-sources/{user}", internal.CurrentSources(domain))
    app.add_route("/internal/data/source-changes/{user}", internal.SourceChangeList(domain))
    app.add_route("/internal/data/transfers/{user}", internal.ColumnTransfers(domain))
    app.add_route("/internal/data/compression", internal.CompressionRuns(domain))
    app.add_route("/internal/data/formats", internal.OutputFormatList(domain))
    app.add_route("/internal/data/usage/{user}", account.ByteReservations(domain))
    app.add_route("/internal/data/usage/{user}/{reservation}", account.ByteReservation(domain))
    app.add_route("/internal/data/accounts/{user}", account.AccountData(domain))
    app.add_route("/internal/data/accounts/{user}/archive", account.DataArchive(domain))


def get_app() -> ServedApp:
    """Create the application from environment variables, for a server."""
    settings = Settings.from_env(os.environ)
    dependencies = Dependencies(
        settings=settings,
        records=open_records(settings.storage, "data"),
        blobs=open_blobs(settings.storage, "data"),
        auth=ServiceClient(settings.auth_url, token=settings.service_token),
        plots=ServiceClient(settings.plots_url, token=settings.service_token),
    )
    return ServedApp(create_app(dependencies), MIDDLE_DRAIN_PERIODS)
