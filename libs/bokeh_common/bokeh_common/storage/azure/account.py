"""The Azure account and its credential, from environment variables.

* AZURE_STORAGE_CONNECTION_STRING: contains everything, also for Azurite. Without it:
* AZURE_STORAGE_ACCOUNT: the name of the account, or
* AZURE_STORAGE_SERVICE_ENDPOINT, AZURE_STORAGE_ACCOUNT_URL: the URL of its blob service, if it is not
  ``https://<account>.blob.core.windows.net``;
* AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN: a key or a SAS token; without them, `DefaultAzureCredential` is
  used.

All of these except AZURE_STORAGE_ACCOUNT_URL are variables of the Azure command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.storage.blob import BlobServiceClient

from bokeh_common.errors import Invalid

_HOW = (
    "Set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY, "
    "AZURE_STORAGE_SAS_TOKEN or an Azure identity."
)


@dataclass(frozen=True)
class AzureAccount:
    """An account and a credential.

    Attributes:
        connection_string: contains everything; if it is empty, the other attributes are used.
        name: of the account, which cannot always be derived from the URL.
        url: of the account's blob service.
        key: one of the two keys of the account.
        sas_token: is used if there is no key; without either, `DefaultAzureCredential` is used.
    """

    connection_string: str = field(default="", repr=False)
    name: str = ""
    url: str = ""
    key: str = field(default="", repr=False)
    sas_token: str = field(default="", repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "AzureAccount":
        """Read the variables; raise `Invalid` if they do not name an account."""
        if text := environ.get("AZURE_STORAGE_CONNECTION_STRING"):
            return cls(connection_string=text)
        url = environ.get("AZURE_STORAGE_SERVICE_ENDPOINT") or environ.get("AZURE_STORAGE_ACCOUNT_URL")
        name = environ.get("AZURE_STORAGE_ACCOUNT") or ""
        if not url and not name:
            raise Invalid(f"No Azure account is configured. {_HOW}")
        return cls(
            name=name,
            url=url or f"https://{name}.blob.core.windows.net",
            key=environ.get("AZURE_STORAGE_KEY") or "",
            sas_token=environ.get("AZURE_STORAGE_SAS_TOKEN") or "",
        )

    def client(self, **settings: Any) -> BlobServiceClient:
        """Return a client of the SDK; raise `Invalid` if the variables are malformed."""
        try:
            if self.connection_string:
                return BlobServiceClient.from_connection_string(self.connection_string, **settings)
            return BlobServiceClient(self.url, credential=self._credential(), **settings)
        except ValueError as error:
            raise Invalid(f"The Azure account is not valid: {str(error).rstrip('.')}. {_HOW}") from None

    def _credential(self) -> Any:
        if self.key and self.name:  # the SDK would take the name from the URL
            return {"account_name": self.name, "account_key": self.key}
        return self.key or self.sas_token or _identity()


def _identity() -> Any:
    from azure.identity import DefaultAzureCredential  # slow to import, and rarely needed

    return DefaultAzureCredential()
