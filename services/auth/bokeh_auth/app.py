"""The auth service: the routes, top to bottom."""

import os
from dataclasses import asdict, dataclass, field

from bokeh_auth import account, resources
from bokeh_auth.api import API
from bokeh_auth.audit import print_audit
from bokeh_auth.credentials import digest_of
from bokeh_auth.domain import Domain
from bokeh_auth.entrance import Entrance
from bokeh_auth.introspection import Introspection, Keyed, Keyless, Services
from bokeh_auth.letters import Letters
from bokeh_auth.limits import Limits
from bokeh_auth.mailer import Mailer
from bokeh_auth.outbox import Outbox
from bokeh_auth.peers import Keepers
from bokeh_auth.post import Folder, SmtpServer
from bokeh_auth.records import Records
from bokeh_auth.settings import Settings
from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, Principal
from bokeh_common.http.peer import Peer
from bokeh_common.storage import RecordStore, open_records


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    settings: Settings
    records: RecordStore = field(repr=False)
    plots: Peer = field(repr=False)
    data: Peer = field(repr=False)


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects.

    With accounts this starts the thread that sends mail, so it has to be called in the process that serves.
    """
    domain, settings = Domain.on(Records(given.records)), given.settings
    # The one place that decides between the two modes.
    kind = Keyed(domain, settings.quota) if settings.accounts else Keyless(domain.views, settings.quota)
    services = Services({name: digest_of(token) for name, token in settings.services.items()})
    introspection = Introspection(kind, services, settings.cacheable)

    def introspect(token: str | None) -> Principal | None:
        holder = introspection.holder(token)
        return None if holder is None else Principal.of(asdict(holder))

    app = new_app(Authenticator(introspect), {"storage": domain.records.ping}, API)
    app.add_route("/whoami", resources.WhoAmI())
    app.add_route("/{user}/account", account.OwnAccount(domain.accounts, Keepers(given.plots, given.data)))
    app.add_route("/internal/auth/introspection", resources.Introspect(introspection))
    app.add_route("/internal/auth/view-tokens", resources.ViewTokens(domain.views))
    if settings.accounts:
        _add_accounts(app, domain, settings)
    return app


def _add_accounts(app: App, domain: Domain, settings: Settings) -> None:
    audit = domain.audit
    letters = Letters(domain.accounts, domain.links, settings.public_url, settings.sender)
    post = SmtpServer.from_url(settings.smtp_url) if settings.smtp_url else Folder(settings.outbox)
    outbox = Outbox(domain.records, letters, post)
    mailer = Mailer(outbox, domain.links)
    parts = domain.accounts, domain.links, domain.sessions, outbox, Limits(settings.limits), audit
    entrance = Entrance(*parts, mailer.wake)
    app.add_route("/{user}/audit", account.AuditLog(audit))
    app.add_route("/{user}/keys", resources.KeyList(domain.keys, audit))
    app.add_route("/{user}/keys/{key}", resources.OneKey(domain.keys, audit))
    app.add_route("/internal/auth/registrations", resources.Registrations(entrance))
    app.add_route("/internal/auth/login-links", resources.LoginLinks(entrance))
    app.add_route("/internal/auth/links", resources.OneTimeLinks(entrance))
    app.add_route("/internal/auth/sessions", resources.SessionList(entrance, domain.sessions))
    app.add_route("/internal/auth/sessions/{session}", resources.OneSession(domain.sessions))
    app.add_route("/internal/auth/shares/{user}/{plot}", resources.ShareList(domain.shares, audit))
    app.add_route("/internal/auth/shares/{user}/{plot}/{share}", resources.OneShare(domain.shares, audit))
    mailer.start()


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    print_audit()
    return create_app(
        Dependencies(
            settings=settings,
            records=open_records(settings.storage, "auth"),
            plots=Peer(settings.plots_url, token=settings.service_token),
            data=Peer(settings.data_url, token=settings.service_token),
        )
    )
