"""The session cookie, share links, and the protection of forms."""

import asyncio

import pytest
from falcon import testing
from falcon.asgi import Request, Response

from bokeh_common.errors import Forbidden
from bokeh_common.http.auth.access import authorization_of
from bokeh_web.security.next_path import is_local_path
from bokeh_web.security.session_cookie import SessionCookie, SessionMiddleware, form_token, share_token_of

TOKEN = "bkc_" + "a" * 38
SHARE = "bkl_" + "b" * 38


def request(path: str = "/", **headers: str) -> Request:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    path, _, query = path.partition("?")
    return testing.create_asgi_req(path=path, query_string=query, headers=names)


def test_cookie_is_sent_over_https_only_if_the_public_url_is_https() -> None:
    cookie, response = SessionCookie("https://cloud.example.org"), Response()
    cookie.write(response, TOKEN)
    [line] = [value.decode() for name, value in response._asgi_headers() if name == b"set-cookie"]
    assert line.startswith(f"__Host-bokeh_cloud={TOKEN};")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in line.split(";")}
    assert "Domain" not in line
    assert cookie.read(request(Cookie=f"__Host-bokeh_cloud={TOKEN}")) == TOKEN
    # A sibling domain may have set a cookie without the prefix.
    assert cookie.read(request(Cookie=f"bokeh_cloud={TOKEN}")) is None


def test_a_remembered_browser_has_a_cookie_of_its_own() -> None:
    cookie, response = SessionCookie("https://cloud.example.org"), Response()
    token = "bkb_" + "a" * 60 + ".b-c_d"
    cookie.write_browser(response, token)
    [line] = [value.decode() for name, value in response._asgi_headers() if name == b"set-cookie"]
    assert line.startswith(f"__Host-bokeh_cloud_browser={token};")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in line.split(";")}
    assert cookie.read_browser(request(Cookie=f"__Host-bokeh_cloud_browser={token}")) == token
    assert cookie.read_browser(request(Cookie="__Host-bokeh_cloud_browser=bkb_short")) is None
    assert cookie.read(request(Cookie=f"__Host-bokeh_cloud_browser={token}")) is None


@pytest.mark.parametrize("path", ["/plots", "/login/device?code=BCDF-GHJK", "/data?q=a%20b&page=2"])
def test_a_login_leads_to_the_page_that_the_browser_keeps(path: str) -> None:
    cookie, response = SessionCookie("https://cloud.example.org"), Response()
    cookie.write_next(request(), response, path)
    [line] = [value.decode() for name, value in response._asgi_headers() if name == b"set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in line.split(";")}
    kept = request(Cookie=line.partition(";")[0])
    assert cookie.read_next(kept) == path
    cookie.write_next(kept, response, "")
    [line] = [value.decode() for name, value in response._asgi_headers() if name == b"set-cookie"]
    assert line.startswith('__Host-bokeh_cloud_next="";')
    assert "1970" in line


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "plots", "//evil.example", "/\\evil.example", "/%5cevil.example/..//x", "https://evil.example",
        "/plots//evil.example", "/../plots", "/plots/", "/plots\n", "/plots\r\nX: y", "/plots#x",
        "/plots?a=\n", "/pl\u00f6ts", "/plots?next=https://evil.example", "javascript:alert(1)",
        "/" + "a" * 300,
    ],
)  # fmt: skip
def test_a_login_leads_to_plain_paths_of_this_cloud_only(path: str) -> None:
    assert not is_local_path(path)


@pytest.mark.parametrize(
    "value", ["", "bkp_" + "a" * 38, "bkc_short", TOKEN + "x", "bkc_" + "a" * 37 + "%0d"]
)
def test_malformed_sessions_are_ignored(value: str) -> None:
    assert SessionCookie("http://localhost:1").read(request(Cookie=f"bokeh_cloud={value}")) is None


def test_share_links_are_valid_on_pages_of_plots_only() -> None:
    assert share_token_of(request(f"/plots/p1/show?share={SHARE}")) == SHARE
    assert share_token_of(request(f"/account?share={SHARE}")) is None
    for wrong in ("bkp_" + "b" * 38, SHARE + "%0a", "", "x"):
        assert share_token_of(request(f"/plots/p1/show?share={wrong}")) is None


def test_requests_of_other_sites_are_rejected() -> None:
    cookie = SessionCookie("https://cloud.example.org/")
    for headers in ({}, {"Origin": "https://cloud.example.org", "Sec_Fetch_Site": "same-origin"}):
        cookie.require_same_origin(request(**headers))
    for origin in (
        "http://cloud.example.org",
        "https://cloud.example.org.evil.example",
        "null",
        "https://example.org",
    ):
        with pytest.raises(Forbidden):
            cookie.require_same_origin(request(Origin=origin))


@pytest.mark.parametrize("url", ["https://Cloud.example.ORG:443/x", "https://cloud.example.org"])
def test_origins_are_compared_as_browsers_serialize_them(url: str) -> None:
    SessionCookie(url).require_same_origin(request(Origin="https://cloud.example.org"))
    SessionCookie("http://localhost:5006").require_same_origin(request(Origin="http://localhost:5006"))


def test_form_token_is_valid_for_its_session_only() -> None:
    cookie, own = SessionCookie("http://localhost:1"), request(Cookie=f"bokeh_cloud={TOKEN}")
    cookie.require_form_token(own, form_token(TOKEN))
    assert TOKEN[4:] not in form_token(TOKEN)
    for wrong in (form_token(None), form_token("bkc_" + "z" * 38), "", "\u00fc"):
        with pytest.raises(Forbidden):
            cookie.require_form_token(own, wrong)


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/", {"Cookie": f"bokeh_cloud={TOKEN}"}, f"Bearer {TOKEN}"),
        (f"/plots/p1/show?share={SHARE}", {"Cookie": f"bokeh_cloud={TOKEN}"}, f"Bearer {SHARE}"),
        ("/", {"Cookie": f"bokeh_cloud={TOKEN}", "Authorization": "Bearer own"}, "Bearer own"),
        ("/", {}, None),
    ],
)
def test_requests_are_authorized_by_their_share_link_or_session(
    path: str, headers: dict[str, str], expected: str | None
) -> None:
    authorized = request(path, **headers)
    middleware = SessionMiddleware(SessionCookie("http://localhost:1"))
    asyncio.run(middleware.process_request(authorized, Response()))
    assert authorization_of(authorized) == expected
