"""Content security policies: what a page may do (CSP Level 3).

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
    ]
)

#: The viewer of the API's description sets style elements.
VIEWER = PAGE.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


def frame_policy(code: bool, image_hosts: Sequence[str], ancestors: Sequence[str] = ()) -> str:
    """Return the policy of the frame.

    Args:
        code: whether the document needs `eval`, as `bokeh_plots` found.
        image_hosts: where its tiles and images come from.
        ancestors: the sites that may show it besides ours.
    """
    return "; ".join(
        [
            f"sandbox {SANDBOX}",
            "default-src 'none'",
            "script-src 'self'" + (" 'unsafe-eval'" if code else ""),
            "style-src 'self' 'unsafe-inline'",  # BokehJS sets style elements and attributes
            " ".join(["img-src 'self' data: blob:", *image_hosts]),
            "font-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            " ".join(["frame-ancestors 'self'", *ancestors]),
        ]
    )
