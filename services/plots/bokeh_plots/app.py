"""The plots service's HTTP application: all of its routes."""

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
from bokeh_plots.container import Dependencies, Domain
from bokeh_plots.resources import account, copy_and_delete, internal, plots, scenes, shares, views
from bokeh_plots.resources.schemas import API
from bokeh_plots.settings import Settings
from bokeh_plots.storage.keyspaces import keyspaces_of

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
        {"auth": dependencies.auth.check_health, "data": dependencies.data.check_health},
    )
    app.add_middleware(QueryParametersMiddleware())
    _add_public_routes(app, domain)
    _add_internal_routes(app, domain)
    add_keyspace_routes(app, "plots", keyspaces_of(dependencies.records, dependencies.blobs))
    return app


def _add_public_routes(app: App, domain: Domain) -> None:
    app.add_route("/{user}/store", plots.Store(domain))
    app.add_route("/{user}/delete", copy_and_delete.Delete(domain))
    app.add_route("/{user}/clone", copy_and_delete.Clone(domain))
    app.add_route("/{user}/plots", plots.PlotList(domain))
    app.add_route("/{user}/plots/{plot}", plots.OnePlot(domain))
    app.add_route("/{user}/plots/{plot}/scene", scenes.PlotScene(domain))
    app.add_route("/{user}/plots/{plot}/data", scenes.PlotSources(domain))
    app.add_route("/{user}/plots/{plot}/versions", plots.VersionHistory(domain))
    app.add_route("/{user}/plots/{plot}/versions/{version}", plots.OnePlotVersion(domain))
    app.add_route("/{user}/plots/{plot}/rollback", plots.PlotRollback(domain))
    app.add_route("/{user}/plots/{plot}/shares", shares.PlotShares(domain))
    app.add_route("/{user}/plots/{plot}/shares/{share}", shares.PlotShare(domain))
    app.add_route("/{user}/plots/{plot}/thumbnail", views.ThumbnailUpload(domain))
    app.add_route("/{user}/objects/{ids}", scenes.ManyModels(domain))


def _add_internal_routes(app: App, domain: Domain) -> None:
    app.add_route("/internal/plots/references", internal.PlotReferences(domain))
    app.add_route("/internal/plots/{plot}", internal.PlotView(domain))
    app.add_route("/internal/plots/{plot}/access", internal.PlotAccess(domain))
    app.add_route("/internal/plots/{plot}/changes", internal.PlotChangeList(domain))
    app.add_route("/internal/plots/{plot}/columns", internal.ShownColumnsResource(domain))
    app.add_route("/internal/plots/{plot}/extensions/{name}", internal.PlotExtension(domain))
    app.add_route("/internal/plots/{plot}/thumbnail", views.PlotThumbnail(domain))
    app.add_route("/internal/plots/view-counts/{user}", views.AccountViewCounts(domain))
    app.add_route("/internal/plots/public/{user}", views.PublicPlots(domain))
    app.add_route("/internal/plots/views", views.NewViews(domain))
    app.add_route("/internal/plots/usage/{user}", account.StoredBytes(domain.usage))
    app.add_route("/internal/plots/accounts/{user}", account.AccountPlots(domain.usage))
    app.add_route("/internal/plots/accounts/{user}/archive", account.PlotArchive(domain.exporter))


def get_app() -> ServedApp:
    """Create the application from environment variables, for an ASGI server."""
    settings = Settings.from_env(os.environ)
    dependencies = Dependencies(
        settings=settings,
        records=open_records(settings.storage, "plots"),
        blobs=open_blobs(settings.storage, "plots"),
        auth=ServiceClient(settings.auth_url, token=settings.service_token),
        data=ServiceClient(settings.data_url, token=settings.service_token),
    )
    return ServedApp(create_app(dependencies), MIDDLE_DRAIN_PERIODS)
