"""The bodies and queries of requests, and the responses; they also make the OpenAPI description."""

from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from bokeh_auth.credentials.api_keys import MAX_OVERLAP
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_common.http.openapi.operations import Api, Problem
from bokeh_common.http.request_body import convert_body
from bokeh_common.view_grant import NEWEST_VERSION, ViewGrant

Time = Annotated[str, Meta(description="RFC 3339, in UTC.", examples=["2027-01-31T12:00:00Z"])]
Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,38}$", examples=["ada"])]
Scope = Annotated[str, Meta(extra_json_schema={"enum": list(SCOPES)})]


class Quota(TypedDict):
    """What an account may have; null for any number."""

    bytes: int | None
    plots: int | None
    uploads: Annotated[int | None, Meta(description="Requests a minute that upload or publish.")]


class Used(TypedDict):
    """What an account has."""

    plots: int
    sources: int
    bytes: int


class OwnAccount(TypedDict):
    """An account; that of a server without accounts has no email address."""

    username: Name
    email: str | None
    created: Time | None
    quota: Quota
    used: Used


class Freed(TypedDict):
    """What was deleted."""

    plots: int
    sources: int
    bytes: int
    keys: int
    shares: int
    sessions: int


class Deleted(TypedDict):
    """A deleted account."""

    username: Name
    freed: Freed


EXPORT_DETAILS = """\
A tar archive (POSIX.1-2001) with `account.json`, `keys.json`, `audit.json`, and below `plots/` and `data/`
every plot with its versions and scenes, every data source, column and chunk. `README.txt` explains the files;
`complete.json` is the last file, so an archive without it is incomplete. Keys and audit log are included if
the
key of the request has the scope `keys:write`."""


class AuditEntry(TypedDict):
    """An action on the account; more members have the ids of what it concerned."""

    id: str
    time: Time
    action: Annotated[str, Meta(examples=["keys.make"])]
    user: Name
    origin: Annotated[str, Meta(description="The network address of the client.")]
    outcome: Annotated[str, Meta(examples=["done", "refused"])]
    by: NotRequired[Annotated[str, Meta(description="The key or session that was used.")]]


class AuditPage(TypedDict):
    """Entries of the audit log, newest first."""

    entries: list[AuditEntry]


class CallerInfo(TypedDict):
    """The account and the scopes of the key of the request."""

    user_id: Name
    scopes: list[str]
    keyless: bool


class Key(TypedDict):
    """An API key, without its secret."""

    id: str
    name: str
    scopes: list[str]
    created: Time
    expires: Time | None
    used: Annotated[Time | None, Meta(description="The hour of its last use.")]


class KeyPage(TypedDict):
    """Keys in the order of their ids."""

    keys: list[Key]


class MadeKey(Key):
    """A new key with its secret, which cannot be read again."""

    key: Annotated[str, Meta(pattern="^bkp_[0-9A-Za-z]{38}$")]


MAX_JSON_BYTES = 1 << 16


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """A new key."""

    name: Annotated[str, Meta(description="1 to 100 characters.")]
    scopes: list[Scope] | msgspec.UnsetType = msgspec.UNSET
    expires: Annotated[str | None, Meta(description="RFC 3339; null for never.")] = None


class KeyRotation(msgspec.Struct, forbid_unknown_fields=True):
    """A key to replace by a successor."""

    rotates: Annotated[str, Meta(description="The id of the key to replace.")]
    overlap_hours: Annotated[
        float, Meta(ge=0, le=MAX_OVERLAP.days * 24, description="For how long the old key stays valid.")
    ] = 24


def _one_of(*structs: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON schema of a value that is one of several structs, which msgspec has no type for."""
    _, schemas = msgspec.json.schema_components(structs)
    return {"oneOf": [schemas[struct.__name__] for struct in structs]}


#: The body of a request for a key: a `NewKey` or a `KeyRotation`.
KEY_REQUEST: Any = Annotated[
    dict[str, Any],
    Meta(
        description="A new key, or the successor of one.",
        extra_json_schema=_one_of(NewKey, KeyRotation),
    ),
]


def key_request(body: dict[str, Any]) -> NewKey | KeyRotation:
    """Convert the body of a request for a key; `Invalid`."""
    return convert_body(body, KeyRotation) if "rotates" in body else convert_body(body, NewKey)


class DeletionQuery(msgspec.Struct):
    """The confirmation of a deletion."""

    confirm: Annotated[str, Meta(max_length=100, description="The username, to confirm the deletion.")] = ""


class IntrospectionRequest(msgspec.Struct):
    """A token to introspect; null for a client that sent none."""

    token: str | None = None


class ViewTokenRequest(msgspec.Struct):
    """A view token: the plot, the token of the share link on which it depends, if any, and what it grants."""

    user_id: str
    plot: str
    share: str | None = None
    grant: ViewGrant = NEWEST_VERSION


class ExpiredQuery(msgspec.Struct):
    """Where a page of share links starts."""

    after: Annotated[str, Meta(max_length=1000)] = ""


class PurgeRequest(msgspec.Struct):
    """Whether to only count expired credentials, and the ids of share links whose plots do not exist."""

    dry_run: bool
    shares: list[str] = []


class ShareLinkRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A new share link: null for one that never expires; a missing time is the default."""

    expires: str | msgspec.UnsetType | None = msgspec.UNSET
    origins: list[str] = []
    history: bool = False


class RegistrationRequest(msgspec.Struct):
    """A registration."""

    email: str
    username: str


class LoginRequest(msgspec.Struct):
    """A request for a login link, and the token of the browser if it is a remembered one."""

    email: str
    browser: Annotated[str, Meta(max_length=1000)] = ""


class PeekRequest(msgspec.Struct):
    """A one-time link to look at."""

    token: str


class SessionRequest(msgspec.Struct):
    """A one-time link to redeem for a session, and a description of the browser."""

    token: str
    agent: str = ""


API = Api(
    "auth",
    paths={"user": Name, "key": Annotated[str, Meta(examples=["0123456789abcdef"])]},
    problems=(
        Problem(
            "username-taken",
            409,
            "The username is taken",
            "An account has this username, or one that looks like it.",
            "Register again with another one.",
        ),
        Problem(
            "email-taken",
            409,
            "The address has an account",
            "There is an account with this email address.",
            "Sign in with a link to that address.",
        ),
        Problem(
            "unknown-code",
            404,
            "No such code",
            "No program waits for an answer to this code: it is mistyped, used, or older than ten minutes.",
            "Check the code, or start the login again in the program.",
        ),
        Problem(
            "not-confirmed",
            422,
            "Not confirmed",
            "The request cannot be undone, so it has to be confirmed.",
            "Send the query parameter that 'detail' names to confirm it.",
        ),
        Problem(
            "link-spent",
            404,
            "The link was used, or has expired",
            "A link in an email works once, and expires soon.",
            "Ask for a new one.",
        ),
        Problem(
            "too-many-keys",
            409,
            "Too many keys",
            "The account has as many API keys as an account can have.",
            "Revoke unused keys; the list shows when each was last used.",
        ),
        Problem(
            "too-many-shares",
            409,
            "Too many share links",
            "The account has as many share links as an account can have.",
            "Revoke some.",
        ),
    ),
)
