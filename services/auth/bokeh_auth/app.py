"""The auth service: the routes, top to bottom."""

import os
from dataclasses import asdict, dataclass, field

import falcon

from bokeh_auth import account, internal, resources
from bokeh_auth.acts import Acts
from bokeh_auth.api import API
from bokeh_auth.audit import print_audit
from bokeh_auth.closing import Closing
from bokeh_auth.credentials import digest_of
from bokeh_auth.domain import Domain
from bokeh_auth.entrance import Entrance
from bokeh_auth.expiry import Expiry
from bokeh_auth.exporting import Exporter
from bokeh_auth.introspection import Introspection, Keyed, Keyless, Services
from bokeh_auth.letters import Letters
from bokeh_auth.limits import Limits
from bokeh_auth.outbox import Outbox
from bokeh_auth.peers import Keepers
from bokeh_auth.post import Folder, SmtpServer
from bokeh_auth.records import Records
from bokeh_auth.settings import Settings
from bokeh_auth.worker import Chore, Worker
from bokeh_common.errors import Invalid
from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, Principal
from bokeh_common.http.limits import Limiter
from bokeh_common.http.origin import ORIGIN, Origins
from bokeh_common.http.peer import SERVICE_HEADER, Peer
from bokeh_common.http.revocations import Revocations
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
    settings = given.settings
    domain = Domain.on(Records(given.records), changed=Revocations(settings.redis_url).tell)
    limiter = Limiter(settings.redis_url)
    limits, keepers = Limits(limiter, settings.mails, settings.wrong_keys), Keepers(given.plots, given.data)
    # The one place that decides between the two modes.
    kind = Keyed(domain, settings.quota) if settings.accounts else Keyless(domain.views)
    services = Services({name: digest_of(token) for name, token in settings.services.items()})
    introspection = Introspection(kind, services, settings.remembered, limits.wrong_key)

    def introspect(token: str | None) -> Principal | None:
        holder = introspection.demand(token, ORIGIN.get())
        return None if holder is None else Principal.of(asdict(holder))

    def trusts(req: falcon.Request) -> bool:
        return introspection.is_service(req.get_header(SERVICE_HEADER))

    checks = {"storage": domain.records.ping}
    app = new_app(Authenticator(introspect, limiter), checks, API, Origins(settings.proxied, trusts))
    exporter = Exporter(domain.accounts, domain.vault, domain.audit, keepers)
    closing = Closing(domain.records, domain.accounts, domain.vault, domain.audit, keepers)
    app.add_route("/whoami", resources.WhoAmI())
    app.add_route("/{user}/account", account.OwnAccount(exporter, closing))
    app.add_route(
        "/{user}/account/export", account.Export(exporter, domain.audit if settings.accounts else None)
    )
    app.add_route("/internal/auth/introspection", internal.Introspect(introspection))
    app.add_route("/internal/auth/expired", internal.Expired(Expiry(domain.records)))
    app.add_route("/internal/auth/view-tokens", internal.ViewTokens(domain.views, domain.vault))
    if settings.accounts:
        _add_accounts(app, domain, settings, limits, closing, introspection)
    return app


def _add_accounts(
    app: App,
    domain: Domain,
    settings: Settings,
    limits: Limits,
    closing: Closing,
    introspection: Introspection,
) -> None:
    letters = Letters(domain.accounts, domain.links, settings.public_url, settings.sender)
    post = SmtpServer.from_url(settings.smtp_url) if settings.smtp_url else Folder(settings.outbox)
    outbox = Outbox(domain.records, letters, post)
    chores = Chore("Mail", outbox.deliver, 5), Chore("Clearing", domain.links.clear, 3600)
    worker = Worker([*chores, Chore("Deleting accounts", closing.resume, 60)])
    parts = domain.accounts, domain.links, domain.sessions, outbox, limits, domain.audit
    entrance = Entrance(*parts, worker.wake)
    acts = Acts(domain.audit, introspection)
    app.add_route("/{user}/audit", account.AuditLog(domain.audit))
    app.add_route("/{user}/keys", resources.KeyList(domain.keys, acts))
    app.add_route("/{user}/keys/{key}", resources.OneKey(domain.keys, acts))
    app.add_route("/internal/auth/registrations", internal.Registrations(entrance))
    app.add_route("/internal/auth/login-links", internal.LoginLinks(entrance))
    app.add_route("/internal/auth/links", internal.OneTimeLinks(entrance))
    app.add_route("/internal/auth/sessions", internal.SessionList(entrance, domain.sessions, acts))
    app.add_route("/internal/auth/sessions/{session}", internal.OneSession(domain.sessions, acts))
    app.add_route("/internal/auth/shares", internal.OwnShares(domain.shares))
    app.add_route("/internal/auth/shares/{user}/{plot}", internal.ShareList(domain.shares, acts))
    app.add_route("/internal/auth/shares/{user}/{plot}/{share}", internal.OneShare(domain.shares, acts))
    worker.start()


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    if not settings.accounts and not settings.allow_remote:
        raise Invalid(
            "A cloud of own processes needs BOKEH_CLOUD_ACCOUNTS=1. Where everybody who reaches the gateway "
            "may do everything, BOKEH_CLOUD_INSECURE_ALLOW_REMOTE=1 lets it run without keys."
        )
    print_audit()
    return create_app(
        Dependencies(
            settings=settings,
            records=open_records(settings.storage, "auth"),
            plots=Peer(settings.plots_url, token=settings.service_token),
            data=Peer(settings.data_url, token=settings.service_token),
        )
    )
