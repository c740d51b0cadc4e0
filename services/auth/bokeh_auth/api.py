"""What the public routes of this service take and answer, as types: they are the description."""

from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from bokeh_auth.scopes import SCOPES
from bokeh_common.http.operations import Api, Problem

Time = Annotated[str, Meta(description="RFC 3339, in UTC.", examples=["2027-01-31T12:00:00Z"])]
Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,38}$", examples=["ada"])]


class Quota(TypedDict):
    """How much an account may have; null for any number."""

    bytes: int | None
    plots: int | None
    uploads: Annotated[int | None, Meta(description="Requests a minute that upload or publish.")]


class Used(TypedDict):
    """How much an account has."""

    plots: int
    sources: int
    bytes: int


class OwnAccount(TypedDict):
    """An account; that of a server without keys has no email address."""

    username: Name
    email: str | None
    created: Time | None
    quota: Quota
    used: Used


class Freed(TypedDict):
    """How much was freed."""

    plots: int
    sources: int
    bytes: int
    keys: int
    shares: int
    sessions: int


class Deleted(TypedDict):
    """An account that is no more."""

    username: Name
    freed: Freed


EXPORT_DETAILS = """\
A tar archive (POSIX.1-2001) with `account.json`, `keys.json`, `audit.json`, and below `plots/` and `data/`
every plot with its versions and scenes, every data source, column and chunk. `README.txt` in it says what is
what; `complete.json` is its last file, so an archive without it was cut short. Keys and audit log are in it
where the key that is sent has the scope `keys:write`."""


class AuditEntry(TypedDict):
    """Something that was done with the account; ids of the things concerned are members besides."""

    id: str
    time: Time
    action: Annotated[str, Meta(examples=["keys.make"])]
    user: Name
    origin: Annotated[str, Meta(description="The network address that it came from.")]
    outcome: Annotated[str, Meta(examples=["done", "refused"])]
    by: NotRequired[Annotated[str, Meta(description="The key or session that was used.")]]


class AuditPage(TypedDict):
    """Entries of the audit log, newest first."""

    entries: list[AuditEntry]


class WhoAmI(TypedDict):
    """The account and the scopes of the key that was sent."""

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
    """A new key with its secret, which is never shown again."""

    key: Annotated[str, Meta(pattern="^bkp_[0-9A-Za-z]{38}$")]


#: What makes a key; `resources.KeyList` reads both forms.
NEW_KEY: Any = Annotated[
    dict[str, Any],
    Meta(
        description="A new key, or the successor of one.",
        extra_json_schema={
            "oneOf": [
                {
                    "type": "object",
                    "required": ["name"],
                    "additionalProperties": False,
                    "properties": {
                        "name": {"type": "string", "description": "1 to 100 characters."},
                        "scopes": {"type": "array", "items": {"enum": list(SCOPES)}},
                        "expires": {"type": ["string", "null"], "description": "RFC 3339; null for never."},
                    },
                },
                {
                    "type": "object",
                    "required": ["rotates"],
                    "additionalProperties": False,
                    "properties": {
                        "rotates": {"type": "string", "description": "The id of the key to replace."},
                        "overlap_hours": {
                            "type": "number",
                            "description": "How long the old one stays good.",
                            "default": 24,
                        },
                    },
                },
            ]
        },
    ),
]

API = Api(
    "auth",
    paths={"user": Name, "key": Annotated[str, Meta(examples=["0123456789abcdef"])]},
    problems=(
        Problem(
            "username-taken",
            409,
            "The username is taken",
            "Somebody has this username, or one that looks like it.",
            "Register again with another one.",
        ),
        Problem(
            "email-taken",
            409,
            "There is an account already",
            "There is an account with this email address.",
            "Sign in with a link to that address.",
        ),
        Problem(
            "not-confirmed",
            422,
            "Not confirmed",
            "This cannot be undone, so it has to be confirmed.",
            "Send the query parameter that 'detail' names, if you mean it.",
        ),
        Problem(
            "link-spent",
            404,
            "The link was used, or is too old",
            "A link in an email works once, and not for long.",
            "Ask for a new one.",
        ),
        Problem(
            "too-many-keys",
            409,
            "Too many keys",
            "The account has as many API keys as an account can have.",
            "Revoke keys that nothing uses; the list shows when each was used last.",
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
