"""Settings of the plots service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bokeh_common.environment import read_bool, read_int, read_redis_url
from bokeh_plots.documents.limits import DEFAULT_LIMITS, DocumentLimits


@dataclass(frozen=True)
class Settings:
    """The settings of the service.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
        auth_url: base URL of the auth service (`BOKEH_CLOUD_AUTH_URL`).
        data_url: base URL of the data service (`BOKEH_CLOUD_DATA_URL`).
        max_document_bytes: the size of the largest publication, without its columns
            (`BOKEH_CLOUD_MAX_DOCUMENT_BYTES`).
        max_versions: how many versions of a plot are kept (`BOKEH_CLOUD_MAX_VERSIONS`).
        limits: the limits on what clients publish.
        proxied: whether the service is behind our gateway, whose `X-Forwarded-For` names the client
            (`BOKEH_CLOUD_PROXIED`).
        redis_url: the Redis that counts requests for all processes, and publishes revocations
            (`BOKEH_CLOUD_REDIS_URL`).
        service_token: the credential of this service towards the others (`BOKEH_CLOUD_SERVICE_TOKEN`).
    """

    storage: str = field(repr=False)
    auth_url: str = "http://auth:8000"
    data_url: str = "http://data:8000"
    max_document_bytes: int = 64 << 20
    max_versions: int = 100
    limits: DocumentLimits = DEFAULT_LIMITS
    proxied: bool = False
    redis_url: str | None = field(default=None, repr=False)
    service_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables.

        Raises:
            KeyError: a required variable is not set.
            Invalid: the value of a variable is not valid.
        """
        return cls(
            storage=environ["BOKEH_CLOUD_STORAGE"],
            auth_url=environ.get("BOKEH_CLOUD_AUTH_URL", cls.auth_url),
            data_url=environ.get("BOKEH_CLOUD_DATA_URL", cls.data_url),
            max_document_bytes=read_int(environ, "BOKEH_CLOUD_MAX_DOCUMENT_BYTES", cls.max_document_bytes),
            max_versions=read_int(environ, "BOKEH_CLOUD_MAX_VERSIONS", cls.max_versions, minimum=1),
            limits=DocumentLimits.from_env(environ),
            proxied=read_bool(environ, "BOKEH_CLOUD_PROXIED"),
            redis_url=read_redis_url(environ),
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
        )
