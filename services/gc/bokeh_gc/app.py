"""The garbage collector's HTTP application: all of its routes."""

import os

from bokeh_common.http.app import App, blocking_check, new_app
from bokeh_common.http.auth.access import Authenticator, RemoteIntrospection
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.context.client_address import ClientAddressMiddleware
from bokeh_common.http.openapi.query_parameters import QueryParametersMiddleware
from bokeh_common.http.server.served_app import ServedApp
from bokeh_common.storage import open_records
from bokeh_gc.container import Dependencies, Domain
from bokeh_gc.metrics import run_metrics
from bokeh_gc.resources import collection
from bokeh_gc.resources.schemas import API
from bokeh_gc.settings import Settings

__all__ = ["Dependencies", "create_app", "dependencies_from_env", "get_app"]


def create_app(dependencies: Dependencies) -> App:
    """Create the application from settings, storage and service clients."""
    domain, settings = Domain.create(dependencies), dependencies.settings
    services = {
        "auth": dependencies.auth.check_health,
        "plots": dependencies.plots.check_health,
        "data": dependencies.data.check_health,
    }
    app = new_app(
        Authenticator(RemoteIntrospection(dependencies.auth, settings.redis_url)),
        {"storage": blocking_check(domain.repository.ping)},
        API,
        ClientAddressMiddleware(settings.proxied),
        services,
        lambda: run_metrics(domain.repository.report()),
    )
    app.add_middleware(QueryParametersMiddleware())
    app.add_route("/{user}/gc/orphans", collection.Orphans(domain.collector))
    app.add_route("/{user}/gc/run", collection.CollectorRuns(domain.collector))
    return app


def get_app() -> ServedApp:
    """Create the application from environment variables, for an ASGI server."""
    return ServedApp(create_app(dependencies_from_env()))


def dependencies_from_env() -> Dependencies:
    """Return what environment variables name."""
    settings = Settings.from_env(os.environ)
    urls = settings.auth_url, settings.plots_url, settings.data_url
    services = (ServiceClient(url, token=settings.service_token) for url in urls)
    return Dependencies(settings, open_records(settings.storage, "gc"), *services)
