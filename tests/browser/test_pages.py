"""All pages, in wide and narrow windows, light and dark: layout, accessibility, and size.

The screenshots are saved in the folder `pages/` of the test artifacts.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.support.axe import violations
from tests.support.chromium import without_metadata
from tests.support.pixels import artifact_folder
from tests.support.populated_cloud import (
    APPEARANCES,
    Appearance,
    PopulatedCloud,
    in_each_scheme,
    open_browser_tab,
    open_plot,
)

BUDGET_BYTES = 100_000  # as transferred, without BokehJS and the documents and data of plots
BUDGET_REQUESTS = 12

API = "the API"
OPERATIONS = (("/{user}/store", "post"), ("/{user}/data/{source}", "get"), ("/{user}/gc/run", "post"))

#: Pages by name: the path, and whether Ada is signed in.
PAGES = {
    "landing": ("/", False),
    "sign in": ("/login", False),
    "register": ("/register", False),
    "public page": ("/u/ada", False),
    "terms": ("/terms", False),
    "imprint": ("/imprint", False),
    "not found": ("/plots/aaaaaaaaaaaaaaaa/show", False),
    "expired link": ("/plots/{walk}/show?share=bkl_" + "x" * 38, False),
    "public plot": ("/plots/{sine}/show", False),
    "shared plot": ("{share}", False),
    "embedded plot": ("/plots/{sine}/embed", False),
    "no embedded plot": ("/plots/{walk}/embed", False),
    "errors of the API": ("/problems", False),
    API: ("/docs/api", False),
    "guide": ("/docs", False),
    "guide, publish": ("/docs/publish", False),
    "guide, configuration": ("/docs/configuration", False),
    "home": ("/", True),
    "plots": ("/plots", True),
    "plots, none found": ("/plots?q=nothing", True),
    "own plot": ("/plots/{walk}/show", True),
    "own plot, old version": ("/plots/{walk}/show?version=1", True),
    "data": ("/data", True),
    "upload": ("/data/upload", True),
    "data source": ("/data/{source}", True),
    "data source, delete": ("/data/{source}/delete", True),
    "account": ("/account", True),
    "keys": ("/account/keys", True),
    "share links": ("/account/shares", True),
    "sessions": ("/account/sessions", True),
    "activity": ("/account/activity", True),
    "unused": ("/account/unused", True),
    "no page": ("/nothing/at/all", True),
}

#: Pages with a plot.
WITH_PLOT = {"public plot", "shared plot", "embedded plot", "own plot", "own plot, old version"}


@pytest.fixture(params=APPEARANCES, ids=str, scope="module")
def appearance(request: pytest.FixtureRequest) -> Appearance:
    return request.param  # type: ignore[no-any-return]  # one of APPEARANCES


@pytest.fixture(scope="module")
def pages(browser: Browser, appearance: Appearance, populated: PopulatedCloud) -> Iterator[dict[bool, Page]]:
    """A page of a visitor and a page of Ada, in a window of the appearance."""
    with open_browser_tab(browser, appearance) as stranger, open_browser_tab(browser, appearance) as ada:
        populated.sign_in(ada.page.context)
        yield {False: stranger.page, True: ada.page}


def url_of(populated: PopulatedCloud, name: str) -> tuple[str, bool]:
    path, signed_in = PAGES[name]
    ids = {name: plot.id for name, plot in populated.plots.items()}
    source = populated.cloud.request("GET", "/ada/data", populated.key).json()["sources"][0]["id"]
    url = populated.url + path.format(**ids, share=populated.share, source=source)
    return without_metadata(url) if "embedded" in name else url, signed_in


def open_page(pages: dict[bool, Page], populated: PopulatedCloud, name: str) -> Page:
    url, signed_in = url_of(populated, name)
    page = pages[signed_in]
    if name in WITH_PLOT:
        open_plot(page, url)
    else:
        page.goto(url)
    if name == API:
        page.locator("openapi-explorer main").wait_for()
    return page


def check(page: Page, appearance: Appearance, name: str, *, full_page: bool = False) -> None:
    """Save a screenshot of an open page; check that it does not scroll sideways and is accessible."""
    folder = artifact_folder("pages")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}-{appearance}.png", full_page=full_page)
    assert page.evaluate("document.documentElement.scrollWidth") <= appearance.width, (
        "the page scrolls sideways"
    )
    assert violations(page) == [], appearance


def check_in_each_scheme(page: Page, appearance: Appearance, name: str, *, full_page: bool = False) -> None:
    for shown in in_each_scheme(page, appearance):
        check(page, shown, name, full_page=full_page)


@pytest.mark.parametrize("name", [name for name in PAGES if name != API])
def test_a_page_fits_the_window_and_is_accessible(
    pages: dict[bool, Page], populated: PopulatedCloud, appearance: Appearance, name: str
) -> None:
    check_in_each_scheme(open_page(pages, populated, name), appearance, name, full_page=True)


def test_the_api_page_fits_the_window_and_is_accessible(
    pages: dict[bool, Page], populated: PopulatedCloud, appearance: Appearance
) -> None:
    """Its viewer must be loaded again for another colour scheme."""
    for shown in in_each_scheme(pages[False], appearance):
        page = open_page(pages, populated, API)
        check(page, shown, API, full_page=True)
        paths = page.context.request.get(f"{populated.url}/openapi.json").json()["paths"]
        for path, method in OPERATIONS:
            summary = paths[path][method]["summary"]
            entry = re.sub("[{}]", "-", f"{method}-{path}")
            page.locator(f"[id='link-{entry}'], [id='{entry}'] .path").locator("visible=true").first.click()
            page.get_by_text(summary, exact=True).first.wait_for()
            page.get_by_text("Response", exact=False).locator("visible=true").first.wait_for()
            check(page, shown, f"{API}, {summary}")


def test_the_dialogs_of_a_plot_page_fit_the_window_and_are_accessible(
    pages: dict[bool, Page], populated: PopulatedCloud, appearance: Appearance
) -> None:
    page = open_page(pages, populated, "own plot")
    for button in ("Share", "Download", "Versions and settings"):
        page.get_by_role("button", name=button, exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        check_in_each_scheme(page, appearance, f"dialog {button}")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_selected_plots_are_deleted_after_a_confirmation(
    pages: dict[bool, Page], populated: PopulatedCloud, appearance: Appearance
) -> None:
    page = pages[True]
    page.goto(f"{populated.url}/plots?q=sine")  # other tests publish more than one page of plots
    page.get_by_label("Select A sine").check()
    expect(page.get_by_role("group", name="With the selected plots")).to_contain_text("1 selected")
    check_in_each_scheme(page, appearance, "plots, selected")
    page.get_by_role("group", name="With the selected plots").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 plot?")
    check_in_each_scheme(page, appearance, "plots, delete", full_page=True)
    page.get_by_role("link", name="Keep it").click()
    expect(page.get_by_label("Select A sine")).to_be_visible()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_within_its_budget(browser: Browser, populated: PopulatedCloud, name: str) -> None:
    """The bytes and the requests of a page with an empty cache."""
    url, signed_in = url_of(populated, name)
    with open_browser_tab(browser) as tab:
        if signed_in:
            populated.sign_in(tab.page.context)
        responses: list[Response] = []
        tab.page.on("response", lambda response: responses.append(response))  # a builtin is not accepted
        # The network of a plot page is never idle, since it has an event stream.
        if name in WITH_PLOT:
            open_plot(tab.page, url)
        else:
            tab.page.goto(url, wait_until="networkidle")
        ours = [response for response in responses if is_ours(response)]
        sizes = {response.url: response.request.sizes() for response in ours}
        sent = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes.values())
        assert sent <= BUDGET_BYTES, sizes
        assert len(ours) <= BUDGET_REQUESTS, list(sizes)
        assert [response.url for response in ours if not has_right_caching(response)] == []


def is_ours(response: Response) -> bool:
    """Tell whether a response is part of a page, as opposed to BokehJS, plots and the API viewer."""
    others = (
        "/static/bokehjs/",
        "/openapi-explorer.",
        "/openapi.json",
        "/scene",
        "/data/columns",
        "/thumbnail.png",
        "/events",
        "/thumbnail?",  # an upload, which the first page with the plot may make
    )
    return not any(part in response.url for part in others)


def has_right_caching(response: Response) -> bool:
    """Tell whether a response is cached for ever if it is a static file, and not cached if it is a page."""
    cache = response.headers.get("cache-control", "")
    return "immutable" in cache if "/static/" in response.url else "no-store" in cache


#: Records each element that gets the focus. Reading the focused element after each key could miss some, since
#: a frame returns the focus with a delay.
FOCUS = """() => {
  window.focused = [];
  document.addEventListener("focusin", (event) => {
    const element = event.composedPath()[0];
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    window.focused.push({tag: element.tagName, visible: element.tagName === "IFRAME" || outlined,
      text: (element.innerText || element.getAttribute("aria-label") || "").trim()});
  });
}"""


def press_tab(page: Page, times: int) -> list[dict[str, Any]]:
    """Press Tab several times; return the elements that get the focus."""
    page.evaluate(FOCUS)
    for _ in range(times):
        page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    found: list[dict[str, Any]] = page.evaluate("window.focused")
    return found


@pytest.fixture(scope="module")
def shared_pages(browser: Browser, populated: PopulatedCloud) -> Iterator[dict[bool, Page]]:
    """A page of a visitor and a page of Ada, for all tests that do not depend on the appearance."""
    with open_browser_tab(browser) as stranger, open_browser_tab(browser) as ada:
        populated.sign_in(ada.page.context)
        yield {False: stranger.page, True: ada.page}


@pytest.mark.parametrize("name", [name for name in PAGES if "embedded" not in name])
def test_all_links_are_reached_by_keyboard_with_a_visible_focus(
    shared_pages: dict[bool, Page], populated: PopulatedCloud, name: str
) -> None:
    page = open_page(shared_pages, populated, name)
    stops = "a[href], button:visible, input:visible:not([type=hidden]), select:visible, [role=link]:visible"
    count = page.locator(stops).count()
    steps = press_tab(page, count + 20)  # a plot has more elements
    reached = {(step["tag"], step["text"]) for step in steps}
    assert all(step["visible"] for step in steps), steps
    links = page.locator("a[href]:visible")
    for text in links.evaluate_all("(links) => links.map((link) => link.innerText)"):
        assert ("A", text.strip()) in reached, text


def test_the_share_dialog_works_by_keyboard(browser: Browser, populated: PopulatedCloud) -> None:
    with open_browser_tab(browser) as tab:
        populated.sign_in(tab.page.context)
        open_plot(tab.page, populated.plots["walk"].url)
        reached = ""
        for _ in range(30):
            tab.page.keyboard.press("Tab")
            reached = tab.page.evaluate("document.activeElement.innerText")
            if reached == "Share":
                break
        assert reached == "Share"
        tab.page.keyboard.press("Enter")
        dialog = tab.page.get_by_role("dialog", name="Share this plot")
        assert dialog.is_visible()
        has_focus = "document.activeElement.closest('.sheet') !== null"
        assert tab.page.evaluate(has_focus), "the dialog does not have the focus"
        tab.page.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert tab.page.evaluate("document.activeElement.innerText") == "Share"
