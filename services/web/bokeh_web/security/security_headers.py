"""Security headers of every response: permissions, opener policy, and HSTS."""

from falcon.asgi import Request, Response

HSTS_SECONDS = 365 * 24 * 3600

#: Features that no page and no plot needs (W3C Permissions Policy). Frames do not get any others by default.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation",
        "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment",
        "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


#: Which pages may load a response as a script, a style sheet or an image (Fetch, 3.7): those of this cloud
#: only, since a cookie may have opened it.
RESOURCE_POLICY = "Cross-Origin-Resource-Policy"


def allow_any_page(resp: Response) -> None:
    """Let pages of all sites load a response, which no cookie opened; the origin of frames is opaque, too."""
    resp.set_header(RESOURCE_POLICY, "cross-origin")


class SecurityHeaders:
    """Falcon middleware that adds security headers, to error responses as well."""

    def __init__(self, public_url: str) -> None:
        """Prepare the headers.

        Args:
            public_url: the URL that browsers use; if it is https, browsers must use nothing else.
        """
        self._headers = {
            "Permissions-Policy": PERMISSIONS,
            "Cross-Origin-Opener-Policy": "same-origin",
            RESOURCE_POLICY: "same-origin",
        }
        if public_url.lower().startswith("https:"):
            self._headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Add the headers that the resource has not set itself."""
        for name, value in self._headers.items():
            if resp.get_header(name) is None:
                resp.set_header(name, value)


def frame_permissions(contains_code: bool) -> str:
    """Return the permissions policy of the frame.

    Code in a document must not fill the screen, since it could imitate another page there.
    """
    return f"{PERMISSIONS}, fullscreen=()" if contains_code else PERMISSIONS
