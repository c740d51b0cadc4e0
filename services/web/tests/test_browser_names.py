"""Names of sessions."""

import pytest

from bokeh_web.pages.browser_names import browser_name

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome on Linux"),
        (CHROME.replace("X11; Linux x86_64", "Linux; Android 15"), "Chrome on Android"),
        (f"{CHROME.replace('X11; Linux x86_64', 'Windows NT 10.0')} Edg/141.0", "Edge on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Firefox/140.0", "Firefox on macOS"),
        ("python-requests/2.32.5", "python-requests"),
        ("Mozilla/5.0", "Mozilla"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)  # fmt: skip
def test_a_session_has_the_name_of_its_browser(agent: str, name: str) -> None:
    assert browser_name(agent) == name
