"""Settings of the auth service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.credentials.secret import SERVICE, is_well_formed
from bokeh_common.environment import HTTP_SCHEMES, read_bool, read_int, read_redis_url, read_url
from bokeh_common.errors import Invalid


@dataclass(frozen=True)
class Settings:
    """The settings of the service.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
        accounts: whether there are accounts and keys (`BOKEH_CLOUD_ACCOUNTS`); without them, every client
            that reaches the server can access its only account.
        public_url: the URL of the cloud for browsers (`BOKEH_CLOUD_PUBLIC_URL`), with which links in emails
            start.
        smtp_url: the mail server (`BOKEH_CLOUD_SMTP_URL`), such as
            `smtp+starttls://user:password@mail.example.com:587`; other schemes are `smtp` and `smtps`.
        mail_from: the sender address of mail (`BOKEH_CLOUD_MAIL_FROM`).
        outbox: the folder for mail if there is no mail server (`BOKEH_CLOUD_OUTBOX`).
        redis_url: the Redis that counts requests for all processes, and publishes revocations
            (`BOKEH_CLOUD_REDIS_URL`), `redis://host:6379`; without it each process counts by itself.
        proxied: whether the service is behind our gateway, whose `X-Forwarded-For` names the client
            (`BOKEH_CLOUD_PROXIED`).
        allow_remote: whether a server without accounts, or without encryption, is reachable from other
            machines (`BOKEH_CLOUD_INSECURE_ALLOW_REMOTE`).
        allowed_hosts: names under which other machines reach a server without accounts, separated by commas
            (`BOKEH_CLOUD_ALLOWED_HOSTS`); IP addresses are always allowed then.
        mails: how many mails a client address may request in an hour (`BOKEH_CLOUD_MAILS_PER_HOUR`).
        wrong_keys: how many wrong keys it may send in ten minutes (`BOKEH_CLOUD_WRONG_KEYS`).
        quota_bytes, quota_plots: the quota of an account for which the operator has set no other
            (`BOKEH_CLOUD_QUOTA_BYTES`, `BOKEH_CLOUD_QUOTA_PLOTS`); unlimited by default.
        quota_uploads: how many requests a minute that upload or publish an account may send; 0 for no limit
            (`BOKEH_CLOUD_QUOTA_UPLOADS`).
        plots_url, data_url: base URLs of the services that store data of accounts (`BOKEH_CLOUD_PLOTS_URL`,
            `BOKEH_CLOUD_DATA_URL`).
        service_token: the credential of this service towards them (`BOKEH_CLOUD_SERVICE_TOKEN`).
        cache_seconds: for how many seconds other services may cache the introspection of a token.
        services: the service of each service token (`BOKEH_CLOUD_SERVICE_TOKENS`:
            `data=bks_... gc=bks_...`); a service whose token is being replaced has two.
    """

    storage: str = field(repr=False)
    accounts: bool = False
    public_url: str = "http://localhost:5006"
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = ""
    outbox: Path = Path("outbox")
    redis_url: str | None = field(default=None, repr=False)
    proxied: bool = False
    allow_remote: bool = False
    allowed_hosts: tuple[str, ...] = ()
    mails: int = 30
    wrong_keys: int = 100
    quota_bytes: int | None = None
    quota_plots: int | None = None
    quota_uploads: int = 6000
    plots_url: str = "http://plots:8000"
    data_url: str = "http://data:8000"
    service_token: str | None = field(default=None, repr=False)
    cache_seconds: float = 30
    services: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def sender(self) -> str:
        """The sender address of mail."""
        return self.mail_from or f"noreply@{urlsplit(self.public_url).hostname}"

    @property
    def quota(self) -> dict[str, int | None]:
        """The default quota: `bytes` and `plots` of an account, `uploads` a minute; None for no limit."""
        uploads = self.quota_uploads or None
        return {"bytes": self.quota_bytes, "plots": self.quota_plots, "uploads": uploads}

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables.

        Raises:
            KeyError: a required variable is not set.
            Invalid: the value of a variable is not valid.
        """
        return cls(
            storage=environ["BOKEH_CLOUD_STORAGE"],
            accounts=read_bool(environ, "BOKEH_CLOUD_ACCOUNTS"),
            public_url=read_url(environ, "BOKEH_CLOUD_PUBLIC_URL", HTTP_SCHEMES) or cls.public_url,
            smtp_url=environ.get("BOKEH_CLOUD_SMTP_URL") or None,
            mail_from=environ.get("BOKEH_CLOUD_MAIL_FROM", ""),
            outbox=Path(environ.get("BOKEH_CLOUD_OUTBOX") or cls.outbox),
            redis_url=read_redis_url(environ),
            proxied=read_bool(environ, "BOKEH_CLOUD_PROXIED"),
            allow_remote=read_bool(environ, "BOKEH_CLOUD_INSECURE_ALLOW_REMOTE"),
            allowed_hosts=tuple(environ.get("BOKEH_CLOUD_ALLOWED_HOSTS", "").replace(",", " ").split()),
            mails=read_int(environ, "BOKEH_CLOUD_MAILS_PER_HOUR", cls.mails, minimum=1),
            wrong_keys=read_int(environ, "BOKEH_CLOUD_WRONG_KEYS", cls.wrong_keys, minimum=1),
            quota_bytes=_limit(environ, "BOKEH_CLOUD_QUOTA_BYTES"),
            quota_plots=_limit(environ, "BOKEH_CLOUD_QUOTA_PLOTS"),
            quota_uploads=read_int(environ, "BOKEH_CLOUD_QUOTA_UPLOADS", cls.quota_uploads),
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            data_url=environ.get("BOKEH_CLOUD_DATA_URL", cls.data_url),
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
            services=_service_tokens(environ.get("BOKEH_CLOUD_SERVICE_TOKENS", "")),
        )


def _limit(environ: Mapping[str, str], name: str) -> int | None:
    return read_int(environ, name, 0) if environ.get(name) else None


def _service_tokens(text: str) -> dict[str, str]:
    pairs = [pair.split("=", 1) for pair in text.split() if "=" in pair]
    for name, token in pairs:
        if name not in SERVICE_SCOPES or not is_well_formed(token, SERVICE):
            raise Invalid(
                f"BOKEH_CLOUD_SERVICE_TOKENS: {name!r} is not a service, or its token is not a service token."
            )
    return {token: name for name, token in pairs}
