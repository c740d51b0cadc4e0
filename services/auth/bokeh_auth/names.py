"""What may be a username or an email address.

Usernames are lower-case ASCII, so no two of them look alike by script or case, and none is a word that the
cloud's own addresses begin with. What still looks alike in ASCII, as l and 1, has a `look_of` in common.
"""

import re

from email_validator import EmailNotValidError, validate_email

from bokeh_common.errors import Invalid

USERNAME = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")

#: First segments of the cloud's own paths, now or some day, and names that pass for the operator's.
RESERVED = frozenset(
    {
        "about", "abuse", "account", "accounts", "admin", "administrator", "anonymous", "api",
        "app", "apps", "assets", "auth", "billing", "blog", "bokeh", "bokeh-cloud", "cloud",
        "collections", "contact", "data", "delete", "docs", "download", "email", "embed", "errors",
        "everyone", "export", "explore", "favicon", "feed", "gallery", "gc", "guest", "health",
        "help", "home", "hostmaster", "imprint", "info", "internal", "invite", "invites", "keys", "legal",
        "local", "localhost", "login", "logout", "mail", "me", "metrics", "new", "news", "noreply",
        "no-reply", "null", "oauth", "object", "objects", "oembed", "official", "openapi",
        "operator", "ops", "plot", "plots", "postmaster", "press", "privacy", "problems", "public",
        "register", "robots", "root", "search", "security", "service", "services", "session",
        "sessions", "settings", "share", "shares", "shared", "show", "signin", "signout", "signup",
        "site", "sitemap", "static", "status", "store", "support", "system", "team", "teams",
        "terms", "test", "undefined", "user", "username", "users", "view", "views", "webmaster",
        "well-known", "whoami", "www",
    }
)  # fmt: skip


#: What passes for something else in common fonts (the idea is that of Unicode's UTS #39).
LOOKALIKES = (("0", "o"), ("1", "l"), ("rn", "m"), ("vv", "w"), ("cl", "d"))


def look_of(name: str) -> str:
    """Return what all usernames that look alike have in common."""
    for shown, meant in LOOKALIKES:
        name = name.replace(shown, meant)
    return name


_RESERVED_LOOKS = frozenset(look_of(name) for name in RESERVED)


def username_of(text: object) -> str:
    """Return the username in the one way it is written.

    Raises:
        Invalid: it is not one; in particular, letters that only look like ASCII are refused, never converted.
    """
    name = text.lower() if isinstance(text, str) and text.isascii() else ""
    if not USERNAME.fullmatch(name) or name.endswith("-") or "--" in name:
        detail = "A username has 2 to 39 characters: letters a to z, digits, and single hyphens inside."
        raise Invalid(detail, slug="bad-username")
    if look_of(name) in _RESERVED_LOOKS:
        raise Invalid(
            f"The username {name!r} is reserved, or looks as if it were; choose another one.",
            slug="bad-username",
        )
    return name


def email_of(text: object) -> str:
    """Return the address in the one way it is compared and written to: in lower case, its domain in ASCII.

    Raises:
        Invalid: it is not an address that mail can be sent to (RFC 5321, RFC 5890).
    """
    try:
        # Letters beyond ASCII before the @ need mail servers that few have, and look like others.
        found = validate_email(
            text if isinstance(text, str) else "",
            check_deliverability=False,
            allow_smtputf8=False,
            allow_display_name=False,
            strict=True,
        )
    except EmailNotValidError as error:
        raise Invalid(f"That is not an email address: {error}", slug="bad-email") from None
    return (found.ascii_email or "").lower()
