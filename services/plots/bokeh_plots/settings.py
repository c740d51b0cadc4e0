"""Settings of the plots service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bokeh_common.environment import REDIS, address, flag, whole
from bokeh_plots.limits import DEFAULT, Limits


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
        auth_url: base URL of the auth service (`BOKEH_CLOUD_AUTH_URL`).
        data_url: base URL of the data service (`BOKEH_CLOUD_DATA_URL`).
        max_document_bytes: the largest publication that is taken, without its columns.
        max_versions: how many versions of a plot are kept.
        limits: on what a client publishes.
        proxied: whether a proxy of ours is in front, whose `X-Forwarded-For` says where requests come from
            (`BOKEH_CLOUD_PROXIED`).
        redis_url: the Redis that counts requests for all processes, and tells of revoked keys
            (`BOKEH_CLOUD_REDIS_URL`).
        service_token: what this service proves itself with to the others (`BOKEH_CLOUD_SERVICE_TOKEN`).
    """

    storage: str = field(repr=False)
    auth_url: str = "http://auth:8000"
    data_url: str = "http://data:8000"
    max_document_bytes: int = 64 << 20
    max_versions: int = 100
    limits: Limits = DEFAULT
    proxied: bool = False
    redis_url: str | None = field(default=None, repr=False)
    service_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables.

        Raises:
            KeyError: one that must be there is not.
            Invalid: one makes no sense.
        """
        return cls(
            storage=environ["BOKEH_CLOUD_STORAGE"],
            auth_url=environ.get("BOKEH_CLOUD_AUTH_URL", cls.auth_url),
            data_url=environ.get("BOKEH_CLOUD_DATA_URL", cls.data_url),
            max_document_bytes=whole(environ, "BOKEH_CLOUD_MAX_DOCUMENT_BYTES", cls.max_document_bytes),
            max_versions=whole(environ, "BOKEH_CLOUD_MAX_VERSIONS", cls.max_versions, least=1),
            limits=Limits.from_env(environ),
            proxied=flag(environ, "BOKEH_CLOUD_PROXIED"),
            redis_url=address(environ, "BOKEH_CLOUD_REDIS_URL", REDIS),
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
        )
