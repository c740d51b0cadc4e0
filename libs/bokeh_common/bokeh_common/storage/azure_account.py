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
        name: of the account; a URL need not tell it.
        url: of the account's blob service.
        key: one of the account's two.
        signature: a SAS token, in place of a key; without both, `DefaultAzureCredential` is asked.
    """

    connection_string: str = field(default="", repr=False)
    name: str = ""
    url: str = ""
    key: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Account":
        """Read the variables; `Invalid` when they name no account."""
        if text := environ.get("AZURE_STORAGE_CONNECTION_STRING"):
            return cls(connection_string=text)
        url = environ.get("AZURE_STORAGE_SERVICE_ENDPOINT") or environ.get("AZURE_STORAGE_ACCOUNT_URL")
        name = environ.get("AZURE_STORAGE_ACCOUNT") or ""
        if not url and not name:
            raise Invalid(f"No Azure account is named. {_HOW}")
        return cls(
            name=name,
            url=url or f"https://{name}.blob.core.windows.net",
            key=environ.get("AZURE_STORAGE_KEY") or "",
            signature=environ.get("AZURE_STORAGE_SAS_TOKEN") or "",
        )

    def client(self, **settings: Any) -> BlobServiceClient:
        """Return the SDK's client; `Invalid` when the variables are malformed."""
        try:
            if self.connection_string:
                return BlobServiceClient.from_connection_string(self.connection_string, **settings)
            return BlobServiceClient(self.url, credential=self._credential(), **settings)
        except ValueError as error:
            raise Invalid(f"The Azure account cannot be: {str(error).rstrip('.')}. {_HOW}") from None

    def _credential(self) -> Any:
        if self.key and self.name:  # the SDK alone would look for the name in the URL
            return {"account_name": self.name, "account_key": self.key}
        return self.key or self.signature or _identity()


def _identity() -> Any:
    from azure.identity import DefaultAzureCredential  # slow to import, and seldom needed

    return DefaultAzureCredential()
