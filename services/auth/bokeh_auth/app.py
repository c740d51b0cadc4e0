"""The auth service's HTTP application: all of its routes."""

import os
from dataclasses import asdict

from falcon.asgi import Request

from bokeh_auth.accounts.recovery import DeletionRecovery
from bokeh_auth.audit_log import print_audit_log
from bokeh_auth.container import Dependencies, Domain
from bokeh_auth.login.login import Login
from bokeh_auth.resources import account, devices, internal, keys, login, shares
from bokeh_auth.resources.schemas import API
from bokeh_auth.settings import Settings
from bokeh_common.errors import Invalid
from bokeh_common.http.app import App, blocking_check, new_app
from bokeh_common.http.auth.access import Authenticator, Principal
from bokeh_common.http.client.service_client import SERVICE_HEADER, ServiceClient
from bokeh_common.http.context.client_address import ClientAddressMiddleware
from bokeh_common.http.context.client_network import CLIENT_ADDRESS
from bokeh_common.http.openapi.query_parameters import QueryParametersMiddleware
from bokeh_common.http.server.draining import MAX_DRAIN_PERIODS
from bokeh_common.http.server.served_app import ServedApp
from bokeh_common.storage import open_records

__all__ = ["Dependencies", "create_app", "get_app"]


def create_app(dependencies: Dependencies) -> App:
    """Create the application from settings, storage and service clients.

    With accounts this starts the background thread, so it has to be called in the process that serves.
    """
    domain = Domain.create(dependencies)

    async def introspect(token: str | None) -> Principal | None:
        info = await domain.introspection.authenticate(token, CLIENT_ADDRESS.get())
        return None if info is None else Principal.from_introspection(asdict(info))

    def is_from_service(req: Request) -> bool:
        return domain.introspection.is_service(req.get_header(SERVICE_HEADER))

    app = new_app(
        Authenticator(introspect, domain.limiter),
        {"storage": blocking_check(domain.repository.ping)},
        API,
        ClientAddressMiddleware(dependencies.settings.proxied, is_from_service),
    )
    app.add_middleware(QueryParametersMiddleware())
    _add_routes(app, domain)
    if domain.login and domain.background:
        _add_account_routes(app, domain, domain.login)
        app.add_middleware(DeletionRecovery(domain.deletion))
        domain.repository.set_public_url(dependencies.settings.public_url)
        domain.background.start()
    return app


def _add_routes(app: App, domain: Domain) -> None:
    app.add_route("/whoami", keys.WhoAmI())
    app.add_route("/{user}/account", account.OneAccount(domain))
    app.add_route("/{user}/account/export", account.AccountExport(domain))
    app.add_route("/internal/auth/introspection", internal.TokenIntrospection(domain.introspection))
    app.add_route("/internal/auth/expired", internal.ExpiredCredentials(domain.cleanup))
    app.add_route("/internal/auth/view-tokens", internal.NewViewToken(domain))


def _add_account_routes(app: App, domain: Domain, the_login: Login) -> None:
    app.add_route("/{user}/audit", account.AuditEntries(domain.audit))
    app.add_route("/{user}/keys", keys.KeyList(domain))
    app.add_route("/{user}/keys/{key}", keys.OneKey(domain))
    app.add_route("/internal/auth/registrations", login.RegistrationLinks(the_login))
    app.add_route("/internal/auth/login-links", login.LoginLinks(the_login))
    app.add_route("/internal/auth/links", login.LinkPurpose(the_login))
    app.add_route("/internal/auth/sessions", login.SessionList(domain, the_login))
    app.add_route("/internal/auth/sessions/{session}", login.OneSession(domain))
    app.add_route("/internal/auth/devices", devices.ProgramLogins(domain.devices))
    app.add_route("/internal/auth/devices/polls", devices.ProgramPolls(domain, domain.devices))
    app.add_route("/internal/auth/devices/answers", devices.ProgramAnswers(domain, domain.devices))
    app.add_route("/internal/auth/shares", shares.AccountShares(domain.shares))
    app.add_route("/internal/auth/shares/{user}/{plot}", shares.ShareList(domain))
    app.add_route("/internal/auth/shares/{user}/{plot}/{share}", shares.OneShare(domain))


def get_app() -> ServedApp:
    """Create the application from environment variables, for an ASGI server."""
    settings = Settings.from_env(os.environ)
    if not settings.accounts and not settings.allow_remote:
        raise Invalid(
            "A cloud of separate services needs BOKEH_CLOUD_ACCOUNTS=1. If everyone who reaches the gateway "
            "may do everything, BOKEH_CLOUD_INSECURE_ALLOW_REMOTE=1 lets it run without accounts."
        )
    print_audit_log()
    dependencies = Dependencies(
        settings=settings,
        records=open_records(settings.storage, "auth"),
        plots=ServiceClient(settings.plots_url, token=settings.service_token),
        data=ServiceClient(settings.data_url, token=settings.service_token),
    )
    return ServedApp(create_app(dependencies), MAX_DRAIN_PERIODS)
