"""Which Azure account, and who we are there.

* AZURE_STORAGE_CONNECTION_STRING: all in one; Azurite's too. Or else:
* AZURE_STORAGE_ACCOUNT: the account's name; or
* AZURE_STORAGE_SERVICE_ENDPOINT, AZURE_STORAGE_ACCOUNT_URL: the URL of its blob service, where that is not
  ``https://<account>.blob.core.windows.net``;
* AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN: a key or a signature; without them `DefaultAzureCredential`
  finds out who we are.

All but the URL's second name are those of the Azure command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.storage.blob import BlobServiceClient

from bokeh_common.errors import Invalid

_HOW = (
    "Set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY, "
    "AZURE_STORAGE_SAS_TOKEN or an identity of Azure."
)


@dataclass(frozen=True)
class Account:
    """An account and a credential.

    Attributes:
        connection_string: all in one; when it is empty, the others count.
        url: of the account's blob service.
        secret: a key or a SAS token; when it is empty, `DefaultAzureCredential` is asked.
    """

    connection_string: str = field(default="", repr=False)
    url: str = ""
    secret: str = field(default="", repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Account":
        """Read the variables; `Invalid` when they name no account."""
        if text := environ.get("AZURE_STORAGE_CONNECTION_STRING"):
            return cls(connection_string=text)
        url = environ.get("AZURE_STORAGE_SERVICE_ENDPOINT") or environ.get("AZURE_STORAGE_ACCOUNT_URL")
        name = environ.get("AZURE_STORAGE_ACCOUNT")
        if not url and not name:
            raise Invalid(f"No Azure account is named. {_HOW}")
        secret = environ.get("AZURE_STORAGE_KEY") or environ.get("AZURE_STORAGE_SAS_TOKEN") or ""
        return cls(url=url or f"https://{name}.blob.core.windows.net", secret=secret)

    def client(self, **settings: Any) -> BlobServiceClient:
        """Return the SDK's client; `Invalid` when the variables are malformed."""
        try:
            if self.connection_string:
                return BlobServiceClient.from_connection_string(self.connection_string, **settings)
            return BlobServiceClient(self.url, credential=self.secret or _identity(), **settings)
        except ValueError as error:
            raise Invalid(f"The Azure account cannot be: {error}. {_HOW}") from None


def _identity() -> Any:
    from azure.identity import DefaultAzureCredential  # slow to import, and seldom needed

    return DefaultAzureCredential()
