"""Settings of the auth service."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
    """

    storage: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables; `KeyError` names one that must be there."""
        return cls(storage=environ["BOKEH_CLOUD_STORAGE"])
