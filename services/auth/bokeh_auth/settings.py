"""Settings of the auth service."""

from collections.abc import Mapping
from dataclasses import dataclass

YES = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Settings:
    """What an operator may choose.

    Attributes:
        storage: URL of the storage (`BOKEH_CLOUD_STORAGE`).
        accounts: whether there are accounts and keys (`BOKEH_CLOUD_ACCOUNTS`); without, everybody who reaches
        the
            server is its one user.
    """

    storage: str
    accounts: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables; `KeyError` names one that must be there."""
        return cls(
            storage=environ["BOKEH_CLOUD_STORAGE"],
            accounts=environ.get("BOKEH_CLOUD_ACCOUNTS", "").lower() in YES,
        )
