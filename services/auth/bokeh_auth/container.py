"""The domain objects of the auth service, built once at startup."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Self

from bokeh_auth.accounts.accounts import Accounts
from bokeh_auth.accounts.deletion import AccountDeletion
from bokeh_auth.accounts.export import AccountExporter
from bokeh_auth.audit_log import AuditLog
from bokeh_auth.background import BackgroundThread, PeriodicTask
from bokeh_auth.clients import DataServices
from bokeh_auth.credentials.api_keys import ApiKeys
from bokeh_auth.credentials.cleanup import CredentialCleanup
from bokeh_auth.credentials.one_time_links import OneTimeLinks
from bokeh_auth.credentials.secret import digest_of
from bokeh_auth.credentials.share_links import ShareLinks
from bokeh_auth.credentials.signing_keys import SigningKeys
from bokeh_auth.credentials.store import CredentialStore
from bokeh_auth.credentials.view_tokens import ViewTokens
from bokeh_auth.introspection import AccountTokens, Introspection, ServiceTokens, SingleAccountTokens, Tokens
from bokeh_auth.login.device_repository import DeviceRepository
from bokeh_auth.login.devices import DeviceLogins
from bokeh_auth.login.login import Login
from bokeh_auth.login.remembered_browsers import RememberedBrowsers
from bokeh_auth.login.sessions import Sessions
from bokeh_auth.mail.messages import MessageWriter
from bokeh_auth.mail.outbox import Outbox
from bokeh_auth.mail.transports import FileTransport, SmtpTransport
from bokeh_auth.rate_limits import RateLimits
from bokeh_auth.repository import AuthRepository
from bokeh_auth.settings import Settings
from bokeh_common.http.auth.revocations import RevocationPublisher
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.rate_limits import RateLimiter
from bokeh_common.storage import RecordStore
from bokeh_common.timestamps import Clock, now

MAIL_SECONDS = 5
LINKS_SECONDS = 3600


@dataclass(frozen=True)
class Dependencies:
    """What the service is given: settings, its storage, and clients of the data services."""

    settings: Settings
    records: RecordStore = field(repr=False)
    plots: ServiceClient = field(repr=False)
    data: ServiceClient = field(repr=False)


@dataclass(frozen=True)
class AccountDomain:
    """The domain objects that need the storage only, as the operator's commands do."""

    repository: AuthRepository
    credentials: CredentialStore
    accounts: Accounts
    keys: ApiKeys
    sessions: Sessions
    shares: ShareLinks
    links: OneTimeLinks
    view_tokens: ViewTokens
    signing_keys: SigningKeys
    audit: AuditLog
    cleanup: CredentialCleanup

    @classmethod
    def on_storage(
        cls,
        records: RecordStore,
        clock: Clock = now,
        changed: Callable[[str], object] = lambda _user: None,
    ) -> "AccountDomain":
        """Build the objects; `changed` is called with an account whose credentials may grant less."""
        repository = AuthRepository(records)
        credentials = CredentialStore(repository, clock, changed)
        accounts = Accounts(repository, clock, changed)
        signing_keys = SigningKeys(repository, clock)
        return AccountDomain(
            repository=repository,
            credentials=credentials,
            accounts=accounts,
            keys=ApiKeys(credentials, clock),
            sessions=Sessions(credentials, accounts, clock),
            shares=ShareLinks(credentials, clock),
            links=OneTimeLinks(repository, clock),
            view_tokens=ViewTokens(signing_keys.accepted),
            signing_keys=signing_keys,
            audit=AuditLog(repository, clock),
            cleanup=CredentialCleanup(repository, clock),
        )


@dataclass(frozen=True)
class Domain(AccountDomain):
    """All domain objects of the service; `login` and `background` exist only if there are accounts."""

    settings: Settings
    limiter: RateLimiter
    introspection: Introspection
    exporter: AccountExporter
    deletion: AccountDeletion
    login: Login | None
    devices: DeviceLogins
    background: BackgroundThread | None

    @classmethod
    def create(cls, dependencies: Dependencies) -> Self:
        """Build the domain objects. No thread is started yet."""
        settings, limiter = dependencies.settings, RateLimiter(dependencies.settings.redis_url)
        revocations = RevocationPublisher(settings.redis_url)
        base = AccountDomain.on_storage(dependencies.records, changed=revocations.publish)
        limits = RateLimits(limiter, settings.mails, settings.wrong_keys)
        data_services = DataServices(dependencies.plots, dependencies.data)
        deletion = AccountDeletion(
            base.repository, base.accounts, base.credentials, base.audit, data_services
        )
        devices = DeviceLogins(DeviceRepository(dependencies.records), base.accounts, base.keys, limits)
        login, background = _login(base, settings, limits, devices) if settings.accounts else (None, None)
        return cls(
            **{item.name: getattr(base, item.name) for item in fields(base)},
            settings=settings,
            limiter=limiter,
            introspection=_introspection(base, settings, limits),
            exporter=AccountExporter(base.accounts, base.credentials, base.audit, data_services),
            deletion=deletion,
            login=login,
            devices=devices,
            background=background,
        )


def _introspection(base: AccountDomain, settings: Settings, limits: RateLimits) -> Introspection:
    # The only place that decides between the two modes.
    tokens: Tokens = SingleAccountTokens(base.view_tokens)
    if settings.accounts:
        tokens = AccountTokens(base.view_tokens, base.credentials, base.accounts, settings.quota)
    services = ServiceTokens({digest_of(token): name for token, name in settings.services.items()})
    return Introspection(tokens, services, settings.cache_seconds, limits.count_wrong_key)


def _login(
    base: AccountDomain, settings: Settings, limits: RateLimits, devices: DeviceLogins
) -> tuple[Login, BackgroundThread]:
    messages = MessageWriter(base.accounts, base.links, settings.public_url, settings.sender)
    smtp_url = settings.smtp_url
    transport = SmtpTransport.from_url(smtp_url) if smtp_url else FileTransport(settings.outbox)
    outbox = Outbox(base.repository, messages, transport)
    background = BackgroundThread(
        [
            PeriodicTask("Sending mail", outbox.deliver, MAIL_SECONDS),
            PeriodicTask("Deleting expired links", base.links.purge, LINKS_SECONDS),
            PeriodicTask("Deleting expired logins of programs", devices.purge, LINKS_SECONDS),
        ]
    )
    login = Login(
        accounts=base.accounts,
        links=base.links,
        browsers=RememberedBrowsers(base.signing_keys.accepted),
        sessions=base.sessions,
        outbox=outbox,
        limits=limits,
        audit=base.audit,
        wake=background.wake,
    )
    return login, background
