"""Settings of the auth service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bokeh_auth.credentials import SERVICE, is_well_formed
from bokeh_auth.scopes import SERVICE_SCOPES
from bokeh_common.environment import REDIS, WEB, address, flag, whole
from bokeh_common.errors import Invalid


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
        accounts: whether there are accounts and keys (`BOKEH_CLOUD_ACCOUNTS`); without, everybody who reaches
            the server is its one user.
        public_url: where browsers find the cloud (`BOKEH_CLOUD_PUBLIC_URL`); the links in emails begin with
        it. smtp_url: the mail server (`BOKEH_CLOUD_SMTP_URL`), such as
            `smtp+starttls://user:password@mail.example.com:587`; `smtp` and `smtps` besides.
        mail_from: the address that mail comes from (`BOKEH_CLOUD_MAIL_FROM`).
        outbox: the folder where mail goes that has no mail server (`BOKEH_CLOUD_OUTBOX`).
        redis_url: the Redis that counts requests for all processes, and tells of revoked keys
            (`BOKEH_CLOUD_REDIS_URL`), `redis://host:6379`; without it each process counts by itself.
        proxied: whether a proxy of ours is in front, whose `X-Forwarded-For` says where requests come from
            (`BOKEH_CLOUD_PROXIED`).
        allow_remote: whether a server that has no keys, or no encryption, listens for other machines all the
            same (`BOKEH_CLOUD_INSECURE_ALLOW_REMOTE`).
        allowed_hosts: names by which other machines know a server without keys, separated by commas
            (`BOKEH_CLOUD_ALLOWED_HOSTS`); addresses in digits are always allowed then.
        mails: how many mails a network address may ask for in an hour (`BOKEH_CLOUD_MAILS_PER_HOUR`).
        wrong_keys: how many wrong keys an address may send in ten minutes (`BOKEH_CLOUD_WRONG_KEYS`).
        quota_bytes, quota_plots: how much an account may have for which the operator has set nothing else
            (`BOKEH_CLOUD_QUOTA_BYTES`, `BOKEH_CLOUD_QUOTA_PLOTS`); any number when not given.
        quota_uploads: how many requests a minute an account may send that upload or publish
            (`BOKEH_CLOUD_QUOTA_UPLOADS`).
        plots_url, data_url: base URLs of the services that keep what accounts have (`BOKEH_CLOUD_PLOTS_URL`,
            `BOKEH_CLOUD_DATA_URL`).
        service_token: what this service proves itself with to them (`BOKEH_CLOUD_SERVICE_TOKEN`).
        remembered: for how many seconds other services may remember who holds a key.
        services: the token of each service (`BOKEH_CLOUD_SERVICE_TOKENS`: `data=bks_... gc=bks_...`).
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
    remembered: float = 30
    services: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        return self.mail_from or f"noreply@{urlsplit(self.public_url).hostname}"

    @property
    def quota(self) -> dict[str, int | None]:
        """How many `bytes` and `plots` an account may have, and how many `uploads` a minute."""
        return {"bytes": self.quota_bytes, "plots": self.quota_plots, "uploads": self.quota_uploads}

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables.

        Raises:
            KeyError: one that must be there is not.
            Invalid: one makes no sense.
        """
        return cls(
            storage=environ["BOKEH_CLOUD_STORAGE"],
            accounts=flag(environ, "BOKEH_CLOUD_ACCOUNTS"),
            public_url=address(environ, "BOKEH_CLOUD_PUBLIC_URL", WEB) or cls.public_url,
            smtp_url=environ.get("BOKEH_CLOUD_SMTP_URL") or None,
            mail_from=environ.get("BOKEH_CLOUD_MAIL_FROM", ""),
            outbox=Path(environ.get("BOKEH_CLOUD_OUTBOX") or cls.outbox),
            redis_url=address(environ, "BOKEH_CLOUD_REDIS_URL", REDIS),
            proxied=flag(environ, "BOKEH_CLOUD_PROXIED"),
            allow_remote=flag(environ, "BOKEH_CLOUD_INSECURE_ALLOW_REMOTE"),
            allowed_hosts=tuple(environ.get("BOKEH_CLOUD_ALLOWED_HOSTS", "").replace(",", " ").split()),
            mails=whole(environ, "BOKEH_CLOUD_MAILS_PER_HOUR", cls.mails, least=1),
            wrong_keys=whole(environ, "BOKEH_CLOUD_WRONG_KEYS", cls.wrong_keys, least=1),
            quota_bytes=_bound(environ, "BOKEH_CLOUD_QUOTA_BYTES"),
            quota_plots=_bound(environ, "BOKEH_CLOUD_QUOTA_PLOTS"),
            quota_uploads=whole(environ, "BOKEH_CLOUD_QUOTA_UPLOADS", cls.quota_uploads),
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            data_url=environ.get("BOKEH_CLOUD_DATA_URL", cls.data_url),
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
            services=_tokens(environ.get("BOKEH_CLOUD_SERVICE_TOKENS", "")),
        )


def _bound(environ: Mapping[str, str], name: str) -> int | None:
    return whole(environ, name, 0) if environ.get(name) else None


def _tokens(text: str) -> dict[str, str]:
    found = dict(pair.split("=", 1) for pair in text.split() if "=" in pair)
    for name, token in found.items():
        if name not in SERVICE_SCOPES or not is_well_formed(token, SERVICE):
            raise Invalid(
                f"BOKEH_CLOUD_SERVICE_TOKENS: {name!r} is no service, or its token is not one of ours."
            )
    return found
