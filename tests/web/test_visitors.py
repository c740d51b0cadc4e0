"""What visitors, other accounts and readers of share links see of a plot."""

import io
import re
import time
from html import unescape
from typing import Any

import requests
from PIL import Image

from tests.support.users import TIMEOUT, RunningCloud, User
from tests.web.publishing import publish


def test_only_public_plots_are_listed_and_previewed(cloud: RunningCloud, ada: User, key: str) -> None:
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
    for name in ("unknown", "ADA", "a" * 3000, "<script>alert(1)", "\u202efdp"):
        answer = requests.get(f"{cloud.url}/u/{name}", headers={"Accept": "text/html"}, timeout=TIMEOUT)
        assert answer.status_code == 404, name
        assert "alert" not in answer.text


def test_oembed(cloud: RunningCloud, ada: User, key: str) -> None:
    shown, hidden = publish(cloud, key, "for others", "public"), publish(cloud, key, "mine", "private")
    page = requests.get(shown.url, timeout=TIMEOUT).text
    [found] = re.findall(r'json\+oembed" href="([^"]+)"', page)
    answer = requests.get(unescape(found), timeout=TIMEOUT).json()
    assert (answer["type"], answer["version"], answer["author_name"]) == ("rich", "1.0", "ada")
    assert f'src="{shown.embed_url}"' in answer["html"]
    assert 'sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"' in answer["html"]

    def ask(**query: Any) -> int:
        return ada.browser.get(f"{cloud.url}/oembed", params=query, timeout=TIMEOUT).status_code

    query: dict[str, Any] = {"url": shown.url, "maxwidth": 300}
    narrow = requests.get(f"{cloud.url}/oembed", params=query, timeout=TIMEOUT)
    assert narrow.json()["width"] == 300
    assert ask(url=hidden.url) == 404, "for its owner, too, since others are to see it"
    private = requests.get(f"{cloud.url}/oembed", params={"url": hidden.url}, timeout=TIMEOUT)
    assert "'link' or 'public'" in private.json()["detail"]
    assert ask(url="https://example.org/plots/aaaaaaaaaaaaaaaa/show") == 404
    assert ask(url=f"{cloud.url}/account") == 404
    assert ask(url=shown.url, format="xml") == 501
    assert ask() == 422


def test_cookie_of_an_ended_session_is_removed(cloud: RunningCloud, key: str) -> None:
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


def test_revoked_share_links_say_so(cloud: RunningCloud, ada: User, key: str) -> None:
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
    assert "frame-ancestors" not in gone.headers["Content-Security-Policy"]


def test_private_plot_cannot_be_told_from_a_missing_one(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = publish(cloud, key, "secret")
    stranger = User(cloud, "eve")
    stranger.register()
    for kind in ("show", "embed"):
        pages = [
            requests.get(f"{cloud.url}/plots/{name}/{kind}", headers={"Accept": "text/html"}, timeout=TIMEOUT)
            for name in (plot.id, "a" * 16)
        ]
        assert [page.status_code for page in pages] == [404, 404]
        assert pages[0].text == pages[1].text
        assert "This plot is private, or gone" in pages[0].text
        assert "secret" not in pages[0].text
    assert "You are signed in as eve" in stranger.get(f"/plots/{plot.id}/show").text
    assert (
        "sign in</a>, if that is you"
        in requests.get(
            f"{cloud.url}/plots/{plot.id}/show", headers={"Accept": "text/html"}, timeout=TIMEOUT
        ).text
    )


def test_copying_a_plot_of_another_account(cloud: RunningCloud, key: str) -> None:
    shown = publish(cloud, key, "to be copied", "public")
    bob = User(cloud, "bob")
    bob.register()
    assert "Copy to my plots" in bob.get(f"/plots/{shown.id}/show").text
    assert "Copy to my plots" not in requests.get(shown.url, timeout=TIMEOUT).text
    form = {"form_token": bob.form_token(), "name": "mine now"}
    answer = bob.post(f"/plots/{shown.id}/clone", form)
    assert answer.status_code == 303
    page = bob.get(answer.headers["Location"]).text
    assert "The to be copied plot" in page
    assert 'action="/plots/selection"' in page, "the copy belongs to bob, who may delete it"
    assert bob.post(f"/plots/{shown.id}/clone", form).status_code == 409


def test_views_are_counted_except_the_owners(cloud: RunningCloud, ada: User, key: str) -> None:
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


def test_a_frame_that_is_opened_as_a_page_redirects_to_the_page(
    cloud: RunningCloud, ada: User, key: str
) -> None:
    plot = publish(cloud, key, "on its own", "link")

    def open_as(kind: str, query: str) -> requests.Response:
        url = f"{cloud.url}/plots/{plot.id}/embed{query}"
        return requests.get(url, headers={"Sec-Fetch-Dest": kind}, timeout=TIMEOUT, allow_redirects=False)

    made = cloud.request("POST", f"/ada/plots/{plot.id}/shares", key, json={}).json()
    for query in ("", "?version=1", f"?{made['embed'].partition('?')[2]}"):
        opened = open_as("document", query)
        assert opened.status_code == 303
        assert opened.headers["Location"] == f"/plots/{plot.id}/show{query}"
        assert "Sec-Fetch-Dest" in opened.headers["Vary"]
    for kind in ("iframe", "frame", "embed", "object", "empty"):
        assert open_as(kind, "").status_code == 200, kind


def test_thumbnail_is_shown_without_javascript(cloud: RunningCloud, ada: User, key: str) -> None:
    plot, picture = publish(cloud, key, "pictured"), io.BytesIO()
    Image.new("RGB", (640, 400), "teal").save(picture, "PNG")
    path, headers = f"/plots/{plot.id}/thumbnail", {"Bokeh-Cloud-Form": ada.form_token()}
    url = f"{cloud.url}{path}?version=1"
    assert ada.browser.put(url, data=picture.getvalue(), headers=headers, timeout=TIMEOUT).status_code == 204
    page = ada.get(f"/plots/{plot.id}/show").text
    [plain] = re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)
    assert f'src="{path}.png"' in plain
    assert 'alt="The pictured plot"' in plain
    share = cloud.request("POST", f"/ada/plots/{plot.id}/shares", key, json={}).json()
    frame = requests.get(cloud.url + share["embed"], timeout=TIMEOUT).text
    [source] = re.findall(r'<noscript><img src="([^"]+)"', frame)
    shared = requests.get(cloud.url + source, timeout=TIMEOUT)
    assert shared.headers["Content-Type"] == "image/png", "the share link opens the thumbnail, too"
    assert shared.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    sent = ada.browser.get(f"{cloud.url}{path}.png", timeout=TIMEOUT)
    assert Image.open(io.BytesIO(sent.content)).size == (480, 300)
    publish(cloud, key, "pictured", scale=2)
    shared = requests.get(cloud.url + source, timeout=TIMEOUT)
    assert shared.status_code == 404, "it shows an old version"
    plot.visibility = "public"
    profile = f"{cloud.url}/u/ada"
    assert plot.id in requests.get(profile, timeout=TIMEOUT).text
    assert f"{path}.png" not in requests.get(profile, timeout=TIMEOUT).text
    plot.history = True
    assert f"{path}.png" in requests.get(profile, timeout=TIMEOUT).text
    plot.visibility = "private"
    assert f'src="{path}.png"' in ada.get(f"/plots/{plot.id}/show").text
    assert ada.browser.put(url, data=b"no picture", headers=headers, timeout=TIMEOUT).status_code == 422
    assert requests.get(f"{cloud.url}{path}.png", timeout=TIMEOUT).status_code == 404
