"""Settings of the data service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bokeh_common.environment import read_bool, read_int, read_redis_url
from bokeh_data.sources.limits import SOURCE_LIMITS, SourceLimits

#: The plots service reads so many columns at once, see `BATCH_COLUMNS` of its `model_writer`.
MIN_COLUMNS_ASKED = 500


@dataclass(frozen=True)
class Settings:
    """The settings of the service.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
        auth_url: base URL of the auth service (`BOKEH_CLOUD_AUTH_URL`).
        plots_url: base URL of the plots service (`BOKEH_CLOUD_PLOTS_URL`).
        max_chunk_bytes: maximum size of a chunk (`BOKEH_CLOUD_MAX_CHUNK_BYTES`).
        max_json_bytes: maximum size of a JSON body (`BOKEH_CLOUD_MAX_JSON_BYTES`).
        max_packed_bytes: maximum size of a packed body, which is held in memory
            (`BOKEH_CLOUD_MAX_PACKED_BYTES`).
        max_chunks_asked: maximum number of chunks in a request for missing chunks
            (`BOKEH_CLOUD_MAX_CHUNKS_ASKED`).
        max_columns_asked: maximum number of columns in a batch (`BOKEH_CLOUD_MAX_COLUMNS_ASKED`).
        source_limits: limits on data sources (`BOKEH_CLOUD_MAX_COLUMNS`,
            `BOKEH_CLOUD_MAX_SOURCE_NAME_LENGTH`, `BOKEH_CLOUD_MAX_COLUMN_NAME_LENGTH`).
        max_file_bytes: maximum size of a file that becomes a data source (`BOKEH_CLOUD_MAX_FILE_BYTES`).
        max_unpacked_bytes: maximum size of all columns of such a file (`BOKEH_CLOUD_MAX_UNPACKED_BYTES`).
        file_memory_bytes: memory of the process that reads a file (`BOKEH_CLOUD_FILE_MEMORY_BYTES`).
        cache_bytes: memory of the cache (`BOKEH_CLOUD_HOT_BYTES`): pyramids, manifests, and chunks if the
            storage cannot map them.
        proxied: whether requests come through a trusted proxy, whose `X-Forwarded-For` has the client address
            (`BOKEH_CLOUD_PROXIED`).
        redis_url: the Redis that counts requests of all processes, and publishes revocations
            (`BOKEH_CLOUD_REDIS_URL`).
        service_token: authenticates this service towards the others (`BOKEH_CLOUD_SERVICE_TOKEN`).
    """

    storage: str = field(repr=False)
    auth_url: str = "http://auth:8000"
    plots_url: str = "http://plots:8000"
    max_chunk_bytes: int = 64 << 20
    max_json_bytes: int = 16 << 20
    max_packed_bytes: int = 64 << 20
    max_chunks_asked: int = 10_000
    max_columns_asked: int = 1000
    source_limits: SourceLimits = SOURCE_LIMITS
    max_file_bytes: int = 8 << 30
    max_unpacked_bytes: int = 32 << 30
    file_memory_bytes: int = 512 << 20
    cache_bytes: int = 256 << 20
    proxied: bool = False
    redis_url: str | None = field(default=None, repr=False)
    service_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables.

        Raises:
            KeyError: a required variable is missing.
            Invalid: a value is invalid.
        """
        return cls(
            storage=environ["BOKEH_CLOUD_STORAGE"],
            auth_url=environ.get("BOKEH_CLOUD_AUTH_URL", cls.auth_url),
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            max_chunk_bytes=read_int(environ, "BOKEH_CLOUD_MAX_CHUNK_BYTES", cls.max_chunk_bytes),
            max_json_bytes=read_int(environ, "BOKEH_CLOUD_MAX_JSON_BYTES", cls.max_json_bytes),
            max_packed_bytes=read_int(environ, "BOKEH_CLOUD_MAX_PACKED_BYTES", cls.max_packed_bytes),
            max_chunks_asked=read_int(environ, "BOKEH_CLOUD_MAX_CHUNKS_ASKED", cls.max_chunks_asked),
            max_columns_asked=read_int(
                environ, "BOKEH_CLOUD_MAX_COLUMNS_ASKED", cls.max_columns_asked, MIN_COLUMNS_ASKED
            ),
            source_limits=SourceLimits(
                read_int(environ, "BOKEH_CLOUD_MAX_COLUMNS", cls.source_limits.columns),
                read_int(environ, "BOKEH_CLOUD_MAX_SOURCE_NAME_LENGTH", cls.source_limits.name_length),
                read_int(environ, "BOKEH_CLOUD_MAX_COLUMN_NAME_LENGTH", cls.source_limits.column_name_length),
            ),
            max_file_bytes=read_int(environ, "BOKEH_CLOUD_MAX_FILE_BYTES", cls.max_file_bytes),
            max_unpacked_bytes=read_int(environ, "BOKEH_CLOUD_MAX_UNPACKED_BYTES", cls.max_unpacked_bytes),
            file_memory_bytes=read_int(environ, "BOKEH_CLOUD_FILE_MEMORY_BYTES", cls.file_memory_bytes),
            cache_bytes=read_int(environ, "BOKEH_CLOUD_HOT_BYTES", cls.cache_bytes),
            proxied=read_bool(environ, "BOKEH_CLOUD_PROXIED"),
            redis_url=read_redis_url(environ),
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
        )
