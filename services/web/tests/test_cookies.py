"""The cookie of the session."""

import falcon
import pytest
from falcon import testing

from bokeh_common.errors import Forbidden
from bokeh_web.cookies import Cookies, form_token, share_of

TOKEN = "bkc_" + "a" * 38
SHARE = "bkl_" + "b" * 38


def request(path: str = "/", **headers: str) -> falcon.Request:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return testing.create_req(path=path.partition("?")[0], query_string=path.partition("?")[2], headers=names)


def test_over_https_it_never_travels_without() -> None:
    cookies, response = Cookies("https://cloud.example.org"), falcon.Response()
    cookies.keep(response, TOKEN)
    [line] = [value for name, value in response._wsgi_headers() if name == "set-cookie"]
    assert line.startswith(f"__Host-bokeh_cloud={TOKEN};")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in line.split(";")}
    assert "Domain" not in line
    assert cookies.session(request(Cookie=f"__Host-bokeh_cloud={TOKEN}")) == TOKEN
    assert (
        cookies.session(request(Cookie=f"bokeh_cloud={TOKEN}")) is None
    )  # a neighbour may have planted that


@pytest.mark.parametrize(
    "value", ["", "bkp_" + "a" * 38, "bkc_short", TOKEN + "x", "bkc_" + "a" * 37 + "%0d"]
)
def test_what_is_no_session(value: str) -> None:
    assert Cookies("http://localhost:1").session(request(Cookie=f"bokeh_cloud={value}")) is None


def test_share_links_open_the_pages_of_plots_only() -> None:
    assert share_of(request(f"/plots/p1/show?share={SHARE}")) == SHARE
    assert share_of(request(f"/account?share={SHARE}")) is None
    for wrong in ("bkp_" + "b" * 38, SHARE + "%0a", "", "x"):
        assert share_of(request(f"/plots/p1/show?share={wrong}")) is None


def test_forms_of_other_sites() -> None:
    cookies = Cookies("https://cloud.example.org/")
    for headers in ({}, {"Origin": "https://cloud.example.org", "Sec_Fetch_Site": "same-origin"}):
        cookies.demand_own_site(request(**headers))
    for origin in (
        "http://cloud.example.org",
        "https://cloud.example.org.evil.example",
        "null",
        "https://example.org",
    ):
        with pytest.raises(Forbidden):
            cookies.demand_own_site(request(Origin=origin))


@pytest.mark.parametrize("url", ["https://Cloud.example.ORG:443/x", "https://cloud.example.org"])
def test_origins_are_as_browsers_write_them(url: str) -> None:
    Cookies(url).demand_own_site(request(Origin="https://cloud.example.org"))
    Cookies("http://localhost:5006").demand_own_site(request(Origin="http://localhost:5006"))


def test_a_form_belongs_to_its_session() -> None:
    cookies, mine = Cookies("http://localhost:1"), request(Cookie=f"bokeh_cloud={TOKEN}")
    cookies.demand_form(mine, {"form_token": form_token(TOKEN)})
    assert TOKEN[4:] not in form_token(TOKEN)
    for wrong in (form_token(None), form_token("bkc_" + "z" * 38), "", "\u00fc"):
        with pytest.raises(Forbidden):
            cookies.demand_form(mine, {"form_token": wrong})
