"""The pages, asked without a browser: headers on each of them, and what is said to whom."""

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from bokeh.plotting import figure
from PIL import Image
from pyarrow import parquet

import bokeh_cloud
from bokeh_cloud.plot import Plot
from tests.conftest import one_process
from tests.integration.people import TIMEOUT, Cloud, Person
from tests.mailbox import Mailbox, smtp_server

PAGES = (
    "/", "/login", "/register", "/u/ada", "/terms", "/nothing", "/plots/aaaaaaaaaaaaaaaa/show", "/plots",
    "/data", "/account", "/account/keys", "/account/shares", "/account/sessions", "/account/activity",
    "/account/unused",
    "/oembed",
)  # fmt: skip


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "terms.md").write_text("# Terms\n\n<script>alert(1)</script> [x](javascript:alert(2))\n")
    box = Mailbox()
    with smtp_server(box) as port:
        environ: dict[str, Any] = {
            "BOKEH_CLOUD_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "BOKEH_CLOUD_PAGES": str(folder),
            "BOKEH_CLOUD_NAME": "Plots & Co",
            "BOKEH_CLOUD_ACCENT": "#7a1fa2",
        }
        with one_process(f"local://{folder / 'storage'}", "--accounts", **environ) as url:
            yield Cloud(url, box)


@pytest.fixture(scope="module")
def ada(cloud: Cloud) -> Person:
    person = Person(cloud, "ada")
    person.register()
    return person


@pytest.fixture(scope="module")
def key(ada: Person) -> str:
    return ada.make_key("plots:read", "plots:write", "data:read", "data:write", "account")


def publish(cloud: Cloud, key: str, name: str, visibility: str = "private") -> Plot:
    plot = figure(title=f"The {name} plot", width=300, height=200)
    plot.line(np.arange(10.0), np.arange(10.0))
    published = bokeh_cloud.Server(cloud.url, apikey=key).publish(plot, name)
    path = f"/ada/plots/{published.id}"
    assert cloud.request("PATCH", path, key, json={"visibility": visibility}).ok
    return published


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("signed_in", [False, True])
def test_every_answer_has_the_headers_of_safety(
    cloud: Cloud, ada: Person, path: str, signed_in: bool
) -> None:
    asking = ada.browser if signed_in else requests
    headers = asking.get(cloud.url + path, headers={"Accept": "text/html"}, timeout=TIMEOUT).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "no-store" in headers["Cache-Control"]
    if headers["Content-Type"].startswith("text/html"):
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy


def test_the_face_of_the_operator(cloud: Cloud) -> None:
    page = requests.get(cloud.url, timeout=TIMEOUT).text
    assert "<title>Plots &amp; Co</title>" in page
    assert "Bokeh Cloud" not in page
    [sheet] = re.findall(r'href="(/static/assets/cloud\.\w+\.css)"', page)
    style = requests.get(cloud.url + sheet, timeout=TIMEOUT)
    assert "#7a1fa2" in style.text
    assert "immutable" in style.headers["Cache-Control"]
    assert style.headers["Content-Encoding"] == "gzip"


def test_the_operators_texts(cloud: Cloud) -> None:
    page = requests.get(f"{cloud.url}/terms", timeout=TIMEOUT)
    assert "<h1>Terms</h1>" in page.text
    assert "<script>alert" not in page.text
    assert 'href="javascript' not in page.text
    assert requests.get(f"{cloud.url}/imprint", timeout=TIMEOUT).status_code == 404


def test_only_public_plots_are_announced(cloud: Cloud, ada: Person, key: str) -> None:
    plots = {
        visibility: publish(cloud, key, visibility, visibility)
        for visibility in ("private", "link", "public")
    }
    pages = {name: ada.get(f"/plots/{plot.id}/show").text for name, plot in plots.items()}
    assert {name for name, page in pages.items() if "og:title" in page} == {"public"}
    assert {name for name, page in pages.items() if "twitter:card" in page} == {"public"}
    assert {name for name, page in pages.items() if "noindex" in page} == {"private", "link"}
    assert {name for name, page in pages.items() if "json+oembed" in page} == {"link", "public"}
    listed = requests.get(f"{cloud.url}/u/ada", timeout=TIMEOUT).text
    assert "The public plot" in listed
    assert "The link plot" not in listed
    assert "The private plot" not in listed
    for name in ("nobody", "ADA", "a" * 60):
        assert requests.get(f"{cloud.url}/u/{name}", timeout=TIMEOUT).status_code == 404


def test_oembed(cloud: Cloud, ada: Person, key: str) -> None:
    shown, hidden = publish(cloud, key, "for others", "public"), publish(cloud, key, "mine", "private")
    page = requests.get(shown.url, timeout=TIMEOUT).text
    [found] = re.findall(r'json\+oembed" href="([^"]+)"', page)
    answer = requests.get(unescape(found), timeout=TIMEOUT).json()
    assert (answer["type"], answer["version"], answer["author_name"]) == ("rich", "1.0", "ada")
    assert f'src="{shown.embed_url}"' in answer["html"]
    assert 'sandbox="allow-scripts allow-downloads"' in answer["html"]

    def ask(**query: Any) -> int:
        return ada.browser.get(f"{cloud.url}/oembed", params=query, timeout=TIMEOUT).status_code

    query: dict[str, Any] = {"url": shown.url, "maxwidth": 300}
    narrow = requests.get(f"{cloud.url}/oembed", params=query, timeout=TIMEOUT)
    assert narrow.json()["width"] == 300
    assert ask(url=hidden.url) == 404, "also for its owner: it is others who are to see it"
    assert ask(url="https://example.org/plots/aaaaaaaaaaaaaaaa/show") == 404
    assert ask(url=f"{cloud.url}/account") == 404
    assert ask(url=shown.url, format="xml") == 501
    assert ask() == 422


def test_a_session_that_has_ended_is_forgotten(cloud: Cloud, key: str) -> None:
    plot = publish(cloud, key, "open", "public")
    browser = requests.Session()
    browser.cookies.set("bokeh_cloud", "bkc_" + "0" * 38, domain="localhost.local")
    answer = browser.get(plot.url, headers={"Accept": "text/html"}, timeout=TIMEOUT)
    assert answer.status_code == 200
    assert "The open plot" in answer.text
    assert not browser.cookies
    browser.cookies.set("bokeh_cloud", "bkc_" + "0" * 38, domain="localhost.local")
    away = browser.get(
        f"{cloud.url}//example.org/%2e%2e",
        headers={"Accept": "text/html"},
        timeout=TIMEOUT,
        allow_redirects=False,
    )
    assert away.headers.get("Location", cloud.url).startswith(cloud.url)


def test_share_links_that_have_expired_say_so(cloud: Cloud, ada: Person, key: str) -> None:
    plot = publish(cloud, key, "shared")
    share = cloud.request("POST", f"/ada/plots/{plot.id}/shares", key, json={}).json()
    assert "The shared plot" in requests.get(cloud.url + share["show"], timeout=TIMEOUT).text
    token = ada.form_token()
    path = f"/plots/{plot.id}/shares/{share['id']}/revoke"
    assert ada.post(path, {"form_token": token, "back": "account"}).headers["Location"] == "/account/shares"
    for kind in ("show", "embed"):
        gone = requests.get(cloud.url + share[kind], headers={"Accept": "text/html"}, timeout=TIMEOUT)
        assert gone.status_code == 401
        assert "This link does not work any more" in gone.text
    assert "frame-ancestors *" in gone.headers["Content-Security-Policy"]


def test_forms_need_their_token(cloud: Cloud, ada: Person, key: str) -> None:
    plot = publish(cloud, key, "guarded")
    for path in ("settings", "rollback", "clone", "shares"):
        answer = ada.post(f"/plots/{plot.id}/{path}", {"visibility": "public", "version": "1", "name": "x"})
        assert answer.status_code == 403, path
    assert (
        ada.post("/plots/selection", {"plots": plot.id, "action": "delete", "sure": "y"}).status_code == 403
    )
    assert ada.post("/account/delete", {"confirm": "ada"}).status_code == 403
    picture = ada.browser.put(f"{cloud.url}/plots/{plot.id}/thumbnail?version=1", data=b"x", timeout=TIMEOUT)
    assert picture.status_code == 403
    listed = cloud.request("GET", f"/ada/plots/{plot.id}", key).json()
    assert listed["visibility"] == "private"


def test_copying_a_plot_of_somebody_else(cloud: Cloud, key: str) -> None:
    shown = publish(cloud, key, "to be copied", "public")
    bob = Person(cloud, "bob")
    bob.register()
    form = {"form_token": bob.form_token(), "name": "mine now"}
    answer = bob.post(f"/plots/{shown.id}/clone", form)
    assert answer.status_code == 303
    page = bob.get(answer.headers["Location"]).text
    assert "The to be copied plot" in page
    assert 'action="/plots/selection"' in page, "it is bob's, who may delete it"
    assert bob.post(f"/plots/{shown.id}/clone", form).status_code == 409


def test_views_are_counted_and_ones_own_are_not(cloud: Cloud, ada: Person, key: str) -> None:
    plot = publish(cloud, key, "seen", "link")
    for _ in range(3):
        requests.get(plot.url, timeout=TIMEOUT)
    ada.get(f"/plots/{plot.id}/show")

    def views() -> str:
        return str(re.findall(r"(\d+) views?<", ada.get(f"/plots/{plot.id}/show").text))

    for _ in range(80):
        if views() != "[]":
            break
        time.sleep(0.1)
    assert views() == "['3']"


def test_a_page_that_needs_no_server(cloud: Cloud, ada: Person, key: str, tmp_path: Path) -> None:
    plot = publish(cloud, key, "kept")
    answer = ada.get(f"/plots/{plot.id}/download.html")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert not re.findall(r"(?:src|href)=\"?/", answer.text[:3000])
    assert requests.get(f"{cloud.url}/plots/{plot.id}/download.html", timeout=TIMEOUT).status_code == 404
    scene = re.findall(r'<script type="application/json" id="scene">(.*?)</script>', answer.text, re.DOTALL)
    assert json.loads(scene[0])["roots"]


def test_data_names_what_deleting_it_would_break(cloud: Cloud, ada: Person, key: str) -> None:
    plot = publish(cloud, key, "fed")
    [source] = cloud.request("GET", f"/ada/plots/{plot.id}/data", key).json()["sources"]
    page = ada.get(f"/data/{source['id']}/delete").text
    assert "The fed plot" in page
    assert requests.get(f"{cloud.url}/data/{source['id']}", timeout=TIMEOUT).status_code == 401


def test_data_are_taken_along_in_the_forms_that_people_use(cloud: Cloud, ada: Person, key: str) -> None:
    plot, other = publish(cloud, key, "taken", "link"), publish(cloud, key, "not shown")
    [source] = cloud.request("GET", f"/ada/plots/{plot.id}/data", key).json()["sources"]
    visitor = requests.Session()
    page = visitor.get(plot.url, headers={"Accept": "text/html"}, timeout=TIMEOUT).text
    links = re.findall(rf'href="(/plots/{plot.id}/data/{source["id"]}/(\w+)[^"]*)"', page)
    assert [form for _, form in links] == ["csv", "parquet", "json"]
    files = {form: visitor.get(cloud.url + link, timeout=TIMEOUT) for link, form in links}
    assert all(answer.headers["Content-Disposition"].startswith("attachment") for answer in files.values())
    rows = list(csv.DictReader(files["csv"].text.splitlines()))
    table = parquet.read_table(io.BytesIO(files["parquet"].content))
    assert [float(row["x"]) for row in rows] == table["x"].to_pylist() == [*range(10)]
    assert json.loads(files["json"].text)
    own = ada.browser.get(f"{cloud.url}/data/{source['id']}/download/csv", timeout=TIMEOUT)
    assert own.text == files["csv"].text
    for form in ("csv", "exe"):
        hidden = f"{cloud.url}/plots/{other.id}/data/{source['id']}/{form}"
        assert visitor.get(hidden, timeout=TIMEOUT).status_code == 404
    assert visitor.get(f"{cloud.url}/data/{source['id']}/download/csv", timeout=TIMEOUT).status_code == 401
    wrong = ada.browser.get(f"{cloud.url}/data/{source['id']}/download/exe", timeout=TIMEOUT)
    assert wrong.status_code == 404


def test_without_javascript_there_is_a_picture(cloud: Cloud, ada: Person, key: str) -> None:
    plot, picture = publish(cloud, key, "pictured"), io.BytesIO()
    Image.new("RGB", (640, 400), "teal").save(picture, "PNG")
    path, headers = f"/plots/{plot.id}/thumbnail", {"Bokeh-Cloud-Form": ada.form_token()}
    url = f"{cloud.url}{path}?version=1"
    assert ada.browser.put(url, data=picture.getvalue(), headers=headers, timeout=TIMEOUT).status_code == 204
    page = ada.get(f"/plots/{plot.id}/show").text
    [plain] = re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)
    assert f'src="{path}.png"' in plain
    assert 'alt="The pictured plot"' in plain
    sent = ada.browser.get(f"{cloud.url}{path}.png", timeout=TIMEOUT)
    assert Image.open(io.BytesIO(sent.content)).size == (480, 300)
    assert ada.browser.put(url, data=b"no picture", headers=headers, timeout=TIMEOUT).status_code == 422
    assert requests.get(f"{cloud.url}{path}.png", timeout=TIMEOUT).status_code == 404


def test_behind_tls_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    """A proxy of ours ends TLS; what it says is believed where the operator says that there is one."""
    environ: dict[str, Any] = {
        "BOKEH_CLOUD_PUBLIC_URL": "https://plots.example.org",
        "BOKEH_CLOUD_PROXIED": "1",
    }
    asked = {"Accept": "text/html", "X-Forwarded-Proto": "https", "Host": "plots.example.org"}
    with one_process(f"local://{tmp_path}", "--accounts", **environ) as url:
        for path in ("/", "/login", "/nothing", "/static/assets/nothing.css", "/account"):
            answer = requests.get(url + path, headers=asked, timeout=TIMEOUT, allow_redirects=False)
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", path
        page = requests.get(url, headers=asked, timeout=TIMEOUT).text
    assert "https://plots.example.org" in page
    assert "http://plots.example.org" not in page


def test_without_tls_nobody_is_sent_there(cloud: Cloud) -> None:
    answer = requests.get(cloud.url, headers={"X-Forwarded-Proto": "https"}, timeout=TIMEOUT)
    assert "Strict-Transport-Security" not in answer.headers


def test_sizes_and_what_is_not_used_any_more(cloud: Cloud, ada: Person, key: str) -> None:
    publish(cloud, key, "sized")
    [listed] = [
        plot for plot in cloud.request("GET", "/ada/plots", key).json()["plots"] if plot["name"] == "sized"
    ]
    assert listed["size"] == 80, "one column of ten numbers of eight bytes, which is x and y"
    assert "80 bytes" in ada.get("/plots?q=sized").text
    page = ada.get("/account/unused")
    assert page.status_code == 200
    assert "Nothing to free" in page.text, "the grace time is a day"
    stranger = requests.get(f"{cloud.url}/account/unused", timeout=TIMEOUT)
    assert stranger.status_code == 401
    forged = ada.post("/account/unused/free", {"form_token": "x"})
    assert forged.status_code == 403
