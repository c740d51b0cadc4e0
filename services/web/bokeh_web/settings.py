"""Settings of the web service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bokeh_common.environment import REDIS, WEB, address, flag, whole
from bokeh_web.brand import Brand


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    Attributes:
        auth_url: base URL of the auth service (`BOKEH_CLOUD_AUTH_URL`).
        plots_url: base URL of the plots service (`BOKEH_CLOUD_PLOTS_URL`).
        data_url: base URL of the data service (`BOKEH_CLOUD_DATA_URL`).
        gc_url: base URL of the garbage collector (`BOKEH_CLOUD_GC_URL`).
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`): it holds the versions of BokehJS that were added
            with `bokeh-cloud admin bokehjs add`; without it there are none of these.
        accounts: whether there are accounts to sign in to (`BOKEH_CLOUD_ACCOUNTS`).
        public_url: where browsers find the cloud (`BOKEH_CLOUD_PUBLIC_URL`).
        proxied: whether a proxy of ours is in front, whose `X-Forwarded-For` says where requests come from
            (`BOKEH_CLOUD_PROXIED`).
        bokehjs: a folder with a folder of BokehJS files for each version (`BOKEH_CLOUD_BOKEHJS`); the version
            of an installed `bokeh` package is served besides.
        brand: name (`BOKEH_CLOUD_NAME`), colour (`BOKEH_CLOUD_ACCENT`, as `#20548d`) and logo
            (`BOKEH_CLOUD_LOGO`, the path of an SVG, PNG or WebP file) of the pages.
        pages: a folder with the operator's `terms.md`, `privacy.md` and `imprint.md` (`BOKEH_CLOUD_PAGES`).
        refine_rows: from how many rows on columns are drawn from windows, which are asked for as one zooms
            (`BOKEH_CLOUD_REFINE_ROWS`); 0 for never.
        redis_url: the Redis that counts requests for all processes, and tells of revoked keys
            (`BOKEH_CLOUD_REDIS_URL`).
        service_token: what this service proves itself with to the others (`BOKEH_CLOUD_SERVICE_TOKEN`).
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
        """Read the settings from environment variables; raises `Invalid`."""
        return cls(
            auth_url=environ.get("BOKEH_CLOUD_AUTH_URL", cls.auth_url),
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            data_url=environ.get("BOKEH_CLOUD_DATA_URL", cls.data_url),
            gc_url=environ.get("BOKEH_CLOUD_GC_URL", cls.gc_url),
            storage=environ.get("BOKEH_CLOUD_STORAGE"),
            accounts=flag(environ, "BOKEH_CLOUD_ACCOUNTS"),
            public_url=address(environ, "BOKEH_CLOUD_PUBLIC_URL", WEB) or cls.public_url,
            proxied=flag(environ, "BOKEH_CLOUD_PROXIED"),
            bokehjs=_path(environ, "BOKEH_CLOUD_BOKEHJS"),
            brand=_brand(environ),
            pages=_path(environ, "BOKEH_CLOUD_PAGES"),
            refine_rows=whole(environ, "BOKEH_CLOUD_REFINE_ROWS", cls.refine_rows),
            redis_url=address(environ, "BOKEH_CLOUD_REDIS_URL", REDIS),
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
