"""Settings of the data service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bokeh_common.environment import REDIS, address, flag, whole
from bokeh_data.limits import SOURCE_LIMITS, SourceLimits

#: The plots service reads so many columns at once, see its `objects.BATCH_COLUMNS`.
LEAST_COLUMNS_ASKED = 500


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
        auth_url: base URL of the auth service (`BOKEH_CLOUD_AUTH_URL`).
        plots_url: base URL of the plots service (`BOKEH_CLOUD_PLOTS_URL`).
        max_chunk_bytes: the largest chunk that is taken.
        max_json_bytes: the largest JSON body that is taken.
        max_packed_bytes: the largest packed body that is taken, which is held in memory.
        max_chunks_asked: how many chunks may be asked about at once.
        max_columns_asked: how many columns may be read at once.
        source_limits: on what a data source has (`BOKEH_CLOUD_MAX_COLUMNS`,
            `BOKEH_CLOUD_MAX_SOURCE_NAME_LENGTH`, `BOKEH_CLOUD_MAX_COLUMN_NAME_LENGTH`).
        max_file_bytes: the largest file that is taken as a data source.
        max_unpacked_bytes: how much the columns of such a file may be together.
        file_memory_bytes: memory of the process that reads a file.
        hot_bytes: memory for what was read lately (`BOKEH_CLOUD_HOT_BYTES`): chunks, where the storage cannot
            map them, and what is known of columns.
        proxied: whether a proxy of ours is in front, whose `X-Forwarded-For` says where requests come from
            (`BOKEH_CLOUD_PROXIED`).
        redis_url: the Redis that counts requests for all processes, and tells of revoked keys
            (`BOKEH_CLOUD_REDIS_URL`).
        service_token: what this service proves itself with to the others (`BOKEH_CLOUD_SERVICE_TOKEN`).
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
    hot_bytes: int = 256 << 20
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
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            max_chunk_bytes=whole(environ, "BOKEH_CLOUD_MAX_CHUNK_BYTES", cls.max_chunk_bytes),
            max_json_bytes=whole(environ, "BOKEH_CLOUD_MAX_JSON_BYTES", cls.max_json_bytes),
            max_packed_bytes=whole(environ, "BOKEH_CLOUD_MAX_PACKED_BYTES", cls.max_packed_bytes),
            max_chunks_asked=whole(environ, "BOKEH_CLOUD_MAX_CHUNKS_ASKED", cls.max_chunks_asked),
            max_columns_asked=whole(
                environ, "BOKEH_CLOUD_MAX_COLUMNS_ASKED", cls.max_columns_asked, LEAST_COLUMNS_ASKED
            ),
            source_limits=SourceLimits(
                whole(environ, "BOKEH_CLOUD_MAX_COLUMNS", cls.source_limits.columns),
                whole(environ, "BOKEH_CLOUD_MAX_SOURCE_NAME_LENGTH", cls.source_limits.name_length),
                whole(environ, "BOKEH_CLOUD_MAX_COLUMN_NAME_LENGTH", cls.source_limits.column_name_length),
            ),
            max_file_bytes=whole(environ, "BOKEH_CLOUD_MAX_FILE_BYTES", cls.max_file_bytes),
            max_unpacked_bytes=whole(environ, "BOKEH_CLOUD_MAX_UNPACKED_BYTES", cls.max_unpacked_bytes),
            file_memory_bytes=whole(environ, "BOKEH_CLOUD_FILE_MEMORY_BYTES", cls.file_memory_bytes),
            hot_bytes=whole(environ, "BOKEH_CLOUD_HOT_BYTES", cls.hot_bytes),
            proxied=flag(environ, "BOKEH_CLOUD_PROXIED"),
            redis_url=address(environ, "BOKEH_CLOUD_REDIS_URL", REDIS),
            service_token=environ.get("BOKEH_CLOUD_SERVICE_TOKEN"),
        )
