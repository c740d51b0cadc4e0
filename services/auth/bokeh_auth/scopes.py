"""What a key may do: one table, from which the documentation is made too."""

from collections.abc import Iterable

from bokeh_common.errors import Forbidden, Invalid

#: What each scope allows.
SCOPES = {
    "plots:read": "list plots and read their scenes",
    "plots:write": "publish, change and delete plots",
    "data:read": "list data sources and read columns",
    "data:write": "upload chunks and commit data sources",
    "gc:run": "list orphans and collect them",
    "keys:write": "list, make and revoke API keys; read the audit log",
    "account": "see the account and what it uses",
}

#: A key that is asked for without scopes: what publishing needs, and nothing that makes more keys.
PUBLISHING = ("plots:read", "plots:write", "data:read", "data:write", "account")

#: What a view token and a share link allow, of one plot.
VIEWING = ("plots:read", "data:read")

#: What the services may do with each other; a person's key never holds one of these.
SERVICE_SCOPES = {
    "auth": ("internal:introspect", "internal:holdings"),
    "data": ("internal:introspect", "internal:columns", "internal:references"),
    "gc": ("internal:introspect", "internal:references", "internal:collect"),
    "plots": ("internal:introspect", "internal:shares", "internal:hold", "internal:sources"),
    "web": (
        "internal:introspect",
        "internal:accounts",
        "internal:view-tokens",
        "internal:pages",
        "internal:references",
    ),
}


def granted(wanted: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
    """Return the wanted scopes in the table's order.

    Raises:
        Invalid: one of them is not in the table, or there is none.
        Forbidden: one of them is not among `held`: nobody gives away more than they have.
    """
    asked, owned = set(wanted), set(held)
    if not asked or not asked <= SCOPES.keys():
        raise Invalid(f"'scopes' must be some of {', '.join(SCOPES)}.")
    if missing := sorted(asked - owned):
        raise Forbidden(f"A key cannot have more scopes than its maker, who lacks {', '.join(missing)}.")
    return tuple(scope for scope in SCOPES if scope in asked)
