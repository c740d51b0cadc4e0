"""Content security policies and the headers beside them: what a page may do (CSP Level 3).

The document of a plot can carry anybody's JavaScript. It runs in a frame of its own whose policy has
`sandbox`, so that its origin is opaque wherever the address is opened: no cookie, no storage, nothing of
the page around.
"""

from collections.abc import Sequence

#: What the frame may do; the iframe element and the frame's own policy say the same.
SANDBOX = "allow-scripts allow-downloads"

PAGE = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
)

#: The viewer of the API's description sets style elements, and writes markup.
VIEWER = PAGE.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "; require-trusted-types-for 'script'", ""
)

#: The error page of a frame stands wherever the frame was to be; it tells nothing and does nothing.
FRAME_MISTAKE = "default-src 'none'; style-src 'self'; frame-ancestors *"

#: The pages of this machine, such as those of Jupyter, whatever their port.
NEIGHBOURS = tuple(
    f"{scheme}://{host}:*" for scheme in ("http", "https") for host in ("localhost", "127.0.0.1")
)

HSTS_SECONDS = 365 * 24 * 3600

#: What no page of ours and no plot needs (W3C Permissions Policy); other features, frames do not get anyway.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation",
        "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment",
        "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


def frame_permissions(code: bool) -> str:
    """Return the permissions of the frame: code could fill the screen with a page of its own."""
    return f"{PERMISSIONS}, fullscreen=()" if code else PERMISSIONS


def headers(public_url: str) -> dict[str, str]:
    """Return the headers of every answer, besides those that all services send.

    Args:
        public_url: where browsers find the cloud; over https they are told never to come without.
    """
    strict = {"Strict-Transport-Security": f"max-age={HSTS_SECONDS}"}
    found = {"Permissions-Policy": PERMISSIONS, "Cross-Origin-Opener-Policy": "same-origin"}
    return found | (strict if public_url.lower().startswith("https:") else {})


def frame_policy(compiles: bool, image_hosts: Sequence[str], ancestors: Sequence[str] = ()) -> str:
    """Return the policy of the frame.

    Args:
        compiles: whether the document needs `eval`, as `bokeh_plots` found.
        image_hosts: where its tiles and images come from.
        ancestors: the sites that may show it besides ours.
    """
    return "; ".join(
        [
            f"sandbox {SANDBOX}",
            "default-src 'none'",
            "script-src 'self'" + (" 'unsafe-eval'" if compiles else ""),
            "style-src 'self' 'unsafe-inline'",  # BokehJS sets style elements and attributes
            " ".join(["img-src 'self' data: blob:", *image_hosts]),
            "font-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            " ".join(["frame-ancestors 'self'", *ancestors]),
        ]
    )
