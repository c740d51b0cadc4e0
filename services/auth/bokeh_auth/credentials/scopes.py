"""Scopes: the permissions that credentials carry; a test compares the table with the documentation."""

from collections.abc import Iterable

from bokeh_common.errors import Forbidden, Invalid

#: What each scope permits.
SCOPES = {
    "plots:read": "list plots and read their scenes",
    "plots:write": "publish, change and delete plots",
    "data:read": "list data sources and read columns",
    "data:write": "upload chunks and commit data sources",
    "gc:run": "list orphans and collect them",
    "keys:write": "list, make and revoke API keys; read the audit log",
    "account": "see the account and what it uses",
}

#: The scopes of a key for which none are requested: enough to publish, not enough to create other keys.
PUBLISHING = ("plots:read", "plots:write", "data:read", "data:write", "account")

#: The scopes of view tokens and share links, for one plot.
VIEWING = ("plots:read", "data:read")

#: The scopes of each service's token; an API key never has one of these.
SERVICE_SCOPES = {
    "auth": ("internal:introspect", "internal:account-data"),
    "data": ("internal:introspect", "internal:columns", "internal:references", "internal:usage"),
    "gc": ("internal:introspect", "internal:references", "internal:collect"),
    "plots": ("internal:introspect", "internal:shares", "internal:pin", "internal:sources", "internal:usage"),
    "web": (
        "internal:introspect",
        "internal:accounts",
        "internal:view-tokens",
        "internal:pages",
        "internal:references",
    ),
}


def grant_scopes(wanted: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes of a new key in the order of the table.

    Args:
        wanted: the requested scopes.
        held: the scopes of the credential that creates the key, which cannot grant others.

    Raises:
        Invalid: a requested scope does not exist, or none is requested.
        Forbidden: a requested scope is not among `held`.
    """
    requested, owned = set(wanted), set(held)
    if not requested or not requested <= SCOPES.keys():
        raise Invalid(f"'scopes' must be some of {', '.join(SCOPES)}.")
    if missing := sorted(requested - owned):
        names = ", ".join(missing)
        raise Forbidden(f"A key cannot have more scopes than the key that makes it, which lacks {names}.")
    return tuple(scope for scope in SCOPES if scope in requested)
