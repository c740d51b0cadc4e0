"""Readable names of sessions, from the `User-Agent` of the browser that started them."""

import re

#: Browsers by a part of `User-Agent`; the first that matches applies, since most claim to be others, too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)

SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)

#: The first product of a `User-Agent`, such as `python-requests/2.32`.
PRODUCT = re.compile(r"[\w.-]{1,40}")


def browser_name(agent: str) -> str:
    """Return what a user calls a browser: `Firefox on Linux`; for a program, its name."""
    browser = _first(BROWSERS, agent)
    if not agent.startswith("Mozilla/") or browser is None:
        found = PRODUCT.match(agent)
        return found[0] if found else "Unknown browser"
    system = _first(SYSTEMS, agent)
    return f"{browser} on {system}" if system else browser


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for part, name in names if part in agent), None)
