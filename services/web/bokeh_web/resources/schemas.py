"""The types of forms, queries and answers."""

from typing import Annotated, Any, TypedDict

import msgspec
from msgspec import Meta

from bokeh_common.http.responses import VersionQuery

#: The size of embedded plots, in pixels.
OEMBED_WIDTH, OEMBED_HEIGHT = 800, 600

Email = Annotated[str, Meta(examples=["ada@example.com"])]

NextPath = Annotated[
    str,
    Meta(
        max_length=1000,
        description="The path to which the login leads, in this browser. Other addresses are ignored.",
        examples=["/login/device?code=BCDF-GHJK"],
    ),
]


class Registration(msgspec.Struct):
    """The email address and the username of a new account: two to 39 of `a-z`, `0-9` and `-`."""

    email: Email
    username: Annotated[str, Meta(examples=["ada"])]
    next: NextPath = ""


class Address(msgspec.Struct):
    """The email address to which the link is sent."""

    email: Email
    next: NextPath = ""


class LoginQuery(msgspec.Struct):
    """The page for which the visitor has to log in."""

    next: NextPath = ""


class Sent(TypedDict):
    """The same answer whether there is such an account or not."""

    detail: str


class Entered(TypedDict):
    """The account that is now logged in."""

    user_id: str


class Form(msgspec.Struct, kw_only=True):
    """A form on a page of this cloud."""

    form_token: str = ""


class LogoutForm(Form):
    """Whether to end all sessions of the account; the field's value does not matter."""

    everywhere: str | None = None


class ApiKeyForm(Form):
    """A new API key; `expires` is a number of days, or empty for never."""

    name: str = ""
    scopes: list[str] = []
    expires: str = ""


class RevokeKeyForm(Form):
    """Whether the revocation was confirmed."""

    sure: str | None = None


class DeleteAccountForm(Form):
    """The username, typed to confirm that the account is to be deleted."""

    confirm: str = ""


class PlotSelectionForm(Form):
    """What to do with the selected plots, and the query of the list that they were selected in."""

    action: str = ""
    plots: list[str] = []
    list_query: str = msgspec.field(name="list", default="")
    sure: str | None = None


class PlotSettingsForm(Form):
    """What to change of a plot."""

    name: str | None = None
    title: str | None = None
    visibility: str | None = None
    history: str | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """The changes; a form with the visibility has a checkbox for the history, too."""
        given = {"name": self.name, "title": self.title, "visibility": self.visibility}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if self.visibility is not None:
            changes["history"] = self.history is not None and self.visibility != "private"
        return changes


class RollbackForm(Form):
    """The version to go back to."""

    version: Annotated[int, Meta(ge=1, le=999_999_999)]


class DeleteVersionForm(Form):
    """The version to delete, and whether this was confirmed."""

    version: Annotated[int, Meta(ge=1, le=999_999_999_999)]
    sure: str | None = None


class CloneForm(Form):
    """The name of the copy."""

    name: str = ""


#: The choice of a share link that never expires.
NEVER = "never"


class ShareLinkForm(Form):
    """A new share link.

    When it expires (days, `never`, or empty for the default), who may embed it, and whether it opens old
    versions.
    """

    expires: str = ""
    origins: str = ""
    history: str | None = None


class RevokeShareLinkForm(Form):
    """The page to return to: `account` for the list of all share links, else the plot's page."""

    back: str = ""


class DataNameForm(Form):
    """The new name of a live source."""

    name: str = ""


class DataSourceQuery(VersionQuery):
    """Which rows the page of a data source shows."""

    where: Annotated[str, Meta(max_length=10_000, description="A condition that the rows meet.")] = ""


class ThumbnailQuery(msgspec.Struct):
    """The start of the thumbnail's hash (`v`), by which pages name it."""

    v: Annotated[str, Meta(max_length=100)] | None = None


class OEmbedQuery(msgspec.Struct):
    """What is to be embedded, and how large it may be, in pixels."""

    url: Annotated[str, Meta(max_length=2000, description="URL of a plot's page.")]
    maxwidth: Annotated[int, Meta(ge=1)] = OEMBED_WIDTH
    maxheight: Annotated[int, Meta(ge=1)] = OEMBED_HEIGHT
    format: Annotated[str, Meta(max_length=100, description="'json'; nothing else is offered.")] = "json"


TypeOfColumn = Annotated[str, Meta(max_length=20_000)]  # as the data service takes it


class UploadQuery(msgspec.Struct, kw_only=True):
    """The name of a file, and the types of its columns that are not to be detected, `NAME=TYPE`."""

    file: Annotated[str, Meta(min_length=1, max_length=1000, examples=["labs.csv"])]
    type: TypeOfColumn | list[TypeOfColumn] = ()  # type: ignore[assignment]  # the default of a struct must not be mutable


class StoreQuery(UploadQuery, kw_only=True):
    """The name of the new data source, too."""

    name: Annotated[str, Meta(min_length=1, max_length=1000)]


class StoredUpload(TypedDict):
    """The id of the new data source, and the path of its page."""

    id: str
    page: str


class ColumnPreview(TypedDict):
    """The name of a column, and its type as Arrow calls it."""

    name: str
    type: str


class UploadPreview(TypedDict):
    """What a file would become: see `POST /{user}/data/preview`.

    Columns are a list, since scripts reorder the members of an object whose names are numbers.
    """

    rows: int
    columns: list[ColumnPreview]
    notes: list[str]
    first: list[list[str | None]]
    delimiter: str | None
    encoding: str | None


class DeviceCodeRequest(msgspec.Struct):
    """A program that wants to log in; `scope` has scopes with blanks between them, as in RFC 6749."""

    client_id: Annotated[str, Meta(min_length=1, max_length=60, description="What the program is called.")]
    scope: Annotated[str, Meta(max_length=1000)] = ""
    machine: Annotated[str, Meta(min_length=1, max_length=60, description="Where it runs.")] = "a computer"
    days: Annotated[int, Meta(ge=1, le=365, description="How long the key is to be valid.")] = 90


class DeviceCode(TypedDict):
    """The codes, the addresses where the user answers, and times in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceTokenRequest(msgspec.Struct):
    """A program that asks whether its user has answered."""

    device_code: Annotated[str, Meta(max_length=100)]
    grant_type: str
    client_id: str = ""


class DeviceToken(TypedDict):
    """An API key; `expires_in` in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class DeviceError(TypedDict):
    """Why there is no key: an error of RFC 8628."""

    error: str
    error_description: str
    title: str


class DeviceLoginQuery(msgspec.Struct):
    """The user code, which the address that a program shows may contain."""

    code: Annotated[str, Meta(max_length=40)] = ""


class DeviceAnswerForm(Form):
    """The user code, and whether the login is allowed."""

    code: Annotated[str, Meta(max_length=40)] = ""
    answer: str = ""
