"""Settings of the garbage collector."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bokeh_common.environment import read_bool, read_float, read_redis_url


@dataclass(frozen=True)
class Settings:
    """The settings of the service.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
        auth_url, plots_url, data_url: base URLs of the other services (`BOKEH_CLOUD_AUTH_URL` and so on).
        grace_hours: the grace period, for which orphans are left alone (`BOKEH_CLOUD_GC_GRACE_HOURS`).
        every_hours: hours between two runs of the worker; 0 for none (`BOKEH_CLOUD_GC_EVERY_HOURS`).
        compress_after_hours: hours since its last use after which a chunk is compressed; 0 for never
            (`BOKEH_CLOUD_COMPRESS_AFTER_HOURS`).
        rest: seconds that the worker pauses for each second of work (`BOKEH_CLOUD_GC_REST`).
        proxied: whether the service is behind our gateway, whose `X-Forwarded-For` names the client
            (`BOKEH_CLOUD_PROXIED`).
        redis_url: the Redis that publishes revocations (`BOKEH_CLOUD_REDIS_URL`).
        service_token: the credential of this service towards the others (`BOKEH_CLOUD_SERVICE_TOKEN`).
    """

    storage: str = field(repr=False)
    auth_url: str = "http://auth:8000"
    plots_url: str = "http://plots:8000"
    data_url: str = "http://data:8000"
    grace_hours: float = 24.0
    every_hours: float = 6.0
    compress_after_hours: float = 24.0
    rest: float = 1.0
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
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            data_url=environ.get("BOKEH_CLOUD_DATA_URL", cls.data_url),
            grace_hours=read_float(environ, "BOKEH_CLOUD_GC_GRACE_HOURS", cls.grace_hours),
            every_hours=read_float(environ, "BOKEH_CLOUD_GC_EVERY_HOURS", cls.every_hours),
            compress_after_hours=read_float(
                environ, "BOKEH_CLOUD_COMPRESS_AFTER_HOURS", cls.compress_after_hours
            ),
            rest=read_float(environ, "BOKEH_CLOUD_GC_REST", cls.rest),
            proxied=read_bool(environ, "BOKEH_CLOUD_PROXIED"),
            redis_url=read_redis_url(environ),
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
        )
