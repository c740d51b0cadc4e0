"""Validation of usernames and email addresses.

Usernames are lower-case ASCII, so that no two of them differ in script or case only, and none is the first
segment of a path of the cloud. Names that still look alike in ASCII, such as with l and 1, have the same
confusable skeleton.
"""

import re

from email_validator import EmailNotValidError, validate_email

from bokeh_common.errors import Invalid

#: Characters of an email address: 64 before the @, and 255 after it (RFC 5321, 4.5.3.1).
MAX_EMAIL_LENGTH = 320

USERNAME = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")

#: First segments of paths of the cloud, now or in the future, and names that seem to be the operator's.
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
        "simple", "site", "sitemap", "static", "status", "store", "support", "system", "team", "teams",
        "terms", "test", "undefined", "user", "username", "users", "view", "views", "webmaster",
        "well-known", "whoami", "www",
    }
)  # fmt: skip


#: Characters that look like others in common fonts, and what they look like (after Unicode UTS #39).
CONFUSABLES = (("0", "o"), ("1", "l"), ("rn", "m"), ("vv", "w"), ("cl", "d"))


def skeleton_of(name: str) -> str:
    """Return the confusable skeleton of a username, which is the same for usernames that look alike."""
    for confusable, prototype in CONFUSABLES:
        name = name.replace(confusable, prototype)
    return name


_RESERVED_SKELETONS = frozenset(skeleton_of(name) for name in RESERVED)


def normalize_username(text: object) -> str:
    """Return a username in its normal form, lower case.

    Raises:
        Invalid: it is not a username. Letters that only look like ASCII are refused, never converted.
    """
    name = text.lower() if isinstance(text, str) and text.isascii() else ""
    if not USERNAME.fullmatch(name) or name.endswith("-") or "--" in name:
        detail = "A username has 2 to 39 characters: letters a to z, digits, and single hyphens inside."
        raise Invalid(detail, slug="bad-username")
    if skeleton_of(name) in _RESERVED_SKELETONS:
        raise Invalid(
            f"The username {name!r} is reserved, or looks like one that is; choose another one.",
            slug="bad-username",
        )
    return name


def normalize_email(text: object) -> str:
    """Return an email address in its normal form: in lower case, with its domain in ASCII.

    Raises:
        Invalid: mail cannot be sent to it (RFC 5321, RFC 5890).
    """
    if isinstance(text, str) and len(text) > MAX_EMAIL_LENGTH:
        raise Invalid(f"An email address has at most {MAX_EMAIL_LENGTH} characters.", slug="bad-email")
    try:
        # Few mail servers support non-ASCII letters before the @, and such letters may look like others.
        found = validate_email(
            text if isinstance(text, str) else "",
            check_deliverability=False,
            allow_smtputf8=False,
            allow_display_name=False,
            strict=True,
        )
    except EmailNotValidError as error:
        raise Invalid(f"This is not an email address: {error}", slug="bad-email") from None
    return (found.ascii_email or "").lower()
