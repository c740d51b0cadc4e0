"""Settings of the web service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bokeh_common.environment import HTTP_SCHEMES, read_bool, read_int, read_redis_url, read_url
from bokeh_web.pages.branding import Brand


@dataclass(frozen=True)
class Settings:
    """The operator's choices.

    Attributes:
        auth_url: base URL of the auth service (`BOKEH_CLOUD_AUTH_URL`).
        plots_url: base URL of the plots service (`BOKEH_CLOUD_PLOTS_URL`).
        data_url: base URL of the data service (`BOKEH_CLOUD_DATA_URL`).
        gc_url: base URL of the garbage collector (`BOKEH_CLOUD_GC_URL`).
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`), which contains the versions of BokehJS that were
            added with `bokeh-cloud admin bokehjs add`; None for no such versions.
        accounts: whether there are accounts (`BOKEH_CLOUD_ACCOUNTS`).
        public_url: the URL that browsers use (`BOKEH_CLOUD_PUBLIC_URL`).
        proxied: whether a trusted proxy is in front, whose `X-Forwarded-For` has the client's address
            (`BOKEH_CLOUD_PROXIED`).
        bokehjs: a folder with a subfolder of BokehJS files for each version (`BOKEH_CLOUD_BOKEHJS`). The
            version of the installed `bokeh` package is always served.
        brand: name (`BOKEH_CLOUD_NAME`), accent colour (`BOKEH_CLOUD_ACCENT`, such as `#20548d`) and logo
            (`BOKEH_CLOUD_LOGO`, the path of an SVG, PNG or WebP file).
        pages: a folder with the operator's `terms.md`, `privacy.md` and `imprint.md` (`BOKEH_CLOUD_PAGES`).
        refine_rows: plots with columns of at least so many rows request windows of them
            (`BOKEH_CLOUD_REFINE_ROWS`); 0 for never.
        redis_url: the Redis through which processes share rate limits and revocations
            (`BOKEH_CLOUD_REDIS_URL`).
        service_token: authenticates this service towards the others (`BOKEH_CLOUD_SERVICE_TOKEN`).
    """

    auth_url: str = "http://auth:8000"
    plots_url: str = "http://plots:8000"
    data_url: str = "http://data:8000"
    gc_url: str = "http://gc:8000"
    storage: str | None = field(default=None, repr=False)
    accounts: bool = False
    public_url: str = "http://localhost:5006"
    proxied: bool = False
    bokehjs: Path | None = None
    brand: Brand = field(default_factory=Brand)
    pages: Path | None = None
    refine_rows: int = 100_000
    redis_url: str | None = field(default=None, repr=False)
    service_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables.

        Raises:
            Invalid: a variable has a wrong value.
        """
        return cls(
            auth_url=environ.get("BOKEH_CLOUD_AUTH_URL", cls.auth_url),
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            data_url=environ.get("BOKEH_CLOUD_DATA_URL", cls.data_url),
            gc_url=environ.get("BOKEH_CLOUD_GC_URL", cls.gc_url),
            storage=environ.get("BOKEH_CLOUD_STORAGE"),
            accounts=read_bool(environ, "BOKEH_CLOUD_ACCOUNTS"),
            public_url=read_url(environ, "BOKEH_CLOUD_PUBLIC_URL", HTTP_SCHEMES) or cls.public_url,
            proxied=read_bool(environ, "BOKEH_CLOUD_PROXIED"),
            bokehjs=_path(environ, "BOKEH_CLOUD_BOKEHJS"),
            brand=_brand(environ),
            pages=_path(environ, "BOKEH_CLOUD_PAGES"),
            refine_rows=read_int(environ, "BOKEH_CLOUD_REFINE_ROWS", cls.refine_rows),
            redis_url=read_redis_url(environ),
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
        )


def _brand(environ: Mapping[str, str]) -> Brand:
    return Brand(
        name=environ.get("BOKEH_CLOUD_NAME") or Brand.name,
        accent=environ.get("BOKEH_CLOUD_ACCENT") or Brand.accent,
        logo=_path(environ, "BOKEH_CLOUD_LOGO"),
    )


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None
