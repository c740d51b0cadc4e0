"""Settings of the web service."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    Attributes:
        auth_url: base URL of the auth service (`BOKEH_CLOUD_AUTH_URL`).
        plots_url: base URL of the plots service (`BOKEH_CLOUD_PLOTS_URL`).
        bokehjs: a folder with a folder of BokehJS files for each version (`BOKEH_CLOUD_BOKEHJS`); the version
            of an installed `bokeh` package is served besides.
    """

    auth_url: str = "http://auth:8000"
    plots_url: str = "http://plots:8000"
    bokehjs: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables."""
        folder = environ.get("BOKEH_CLOUD_BOKEHJS")
        return cls(
            auth_url=environ.get("BOKEH_CLOUD_AUTH_URL", cls.auth_url),
            plots_url=environ.get("BOKEH_CLOUD_PLOTS_URL", cls.plots_url),
            bokehjs=Path(folder) if folder else None,
        )
