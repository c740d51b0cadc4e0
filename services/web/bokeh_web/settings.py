"""Settings of the web service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

YES = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    Attributes:
        auth_url: base URL of the auth service (`BOKEH_CLOUD_AUTH_URL`).
        plots_url: base URL of the plots service (`BOKEH_CLOUD_PLOTS_URL`).
        data_url: base URL of the data service (`BOKEH_CLOUD_DATA_URL`).
        gc_url: base URL of the garbage collector (`BOKEH_CLOUD_GC_URL`).
        accounts: whether there are accounts to sign in to (`BOKEH_CLOUD_ACCOUNTS`).
        public_url: where browsers find the cloud (`BOKEH_CLOUD_PUBLIC_URL`).
        proxied: whether a proxy of ours is in front, whose `X-Forwarded-For` says where requests come from
            (`BOKEH_CLOUD_PROXIED`).
        bokehjs: a folder with a folder of BokehJS files for each version (`BOKEH_CLOUD_BOKEHJS`); the version
            of an installed `bokeh` package is served besides.
        service_token: what this service proves itself with to the others (`BOKEH_CLOUD_SERVICE_TOKEN`).
    """

    auth_url: str = "http://auth:8000"
    plots_url: str = "http://plots:8000"
    data_url: str = "http://data:8000"
    gc_url: str = "http://gc:8000"
    accounts: bool = False
    public_url: str = "http://localhost:5006"
    proxied: bool = False
    bokehjs: Path | None = None
    service_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables."""
        folder = environ.get("BOKEH_CLOUD_BOKEHJS")
        return cls(
            auth_url=environ.get("BOKEH_CLOUD_AUTH_URL", cls.auth_url),
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            data_url=environ.get("BOKEH_CLOUD_DATA_URL", cls.data_url),
            gc_url=environ.get("BOKEH_CLOUD_GC_URL", cls.gc_url),
            accounts=environ.get("BOKEH_CLOUD_ACCOUNTS", "").lower() in YES,
            public_url=environ.get("BOKEH_CLOUD_PUBLIC_URL") or cls.public_url,
            proxied=environ.get("BOKEH_CLOUD_PROXIED", "").lower() in YES,
            bokehjs=Path(folder) if folder else None,
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
        )
