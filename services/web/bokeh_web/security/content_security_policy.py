"""Content security policies (CSP Level 3) of pages and of the frame.

A plot's document can contain any JavaScript. It runs in a frame whose policy has `sandbox`, which gives it an
opaque origin wherever its URL is opened: without cookies, without storage, and without access to the page
around it.
"""

from collections.abc import Sequence

#: The permissions of a frame whose plot is only drawn.
DRAWING_SANDBOX = "allow-scripts"

#: The permissions of the frame, both in the iframe's `sandbox` attribute and in the frame's own policy. Links
#: open in new tabs, which are not sandboxed. It may not navigate the page around it, nor start downloads: the
#: page saves pictures, if the visitor clicks.
SANDBOX = f"{DRAWING_SANDBOX} allow-popups allow-popups-to-escape-sandbox"

PAGE_POLICY = "; ".join(
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

#: The viewer of the OpenAPI document inserts style elements and HTML.
API_DOCS_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "; require-trusted-types-for 'script'", ""
)

#: The frame's error page may be shown on any site: it contains nothing private and no scripts.
#: Without `frame-ancestors`, as in `frame_policy`.
FRAME_ERROR_POLICY = "default-src 'none'; style-src 'self'"

#: The pages of any site.
ANY_SITE = "*"

#: The pages of this machine: those on any port, such as Jupyter's, files such as exported notebooks, and the
#: notebooks of VS Code.
LOOPBACK_ORIGINS = (
    *(f"{scheme}://{host}:*" for scheme in ("http", "https") for host in ("localhost", "127.0.0.1")),
    "file:",
    "vscode-webview:",
    "vscode-file:",
)


def frame_policy(compiles: bool, image_hosts: Sequence[str], ancestors: Sequence[str] = ()) -> str:
    """Return the policy of the frame.

    Args:
        compiles: whether the document needs `eval`, as the plots service found out.
        image_hosts: the hosts from which it loads tiles and images.
        ancestors: the origins, other than this cloud's, that may embed it. With `ANY_SITE` the policy does
            not restrict them: `*` would leave out pages without a network address, such as files.
    """
    restriction = [" ".join(["frame-ancestors 'self'", *ancestors])] if ANY_SITE not in ancestors else []
    return "; ".join(
        [
            f"sandbox {SANDBOX}",
            "default-src 'none'",
            "script-src 'self'" + (" 'unsafe-eval' blob:" if compiles else ""),
            "style-src 'self' 'unsafe-inline'",  # BokehJS sets style elements and attributes
            " ".join(["img-src 'self' data: blob:", *image_hosts]),
            "font-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            *restriction,
        ]
    )
