"""Every page, as people have it: wide and narrow, light and dark; by keyboard; within budgets.

The screenshots are kept among the artifacts of a run, in `pages/`.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.browser.axe import violations
from tests.browser.pixels import artifacts
from tests.browser.town import LOOKS, Look, Town, browsing, open_plot

BUDGET_BYTES = 100_000  # of ours, as sent, besides BokehJS and what the plots themselves are
BUDGET_REQUESTS = 12

API = "the API"
OPERATIONS = (
    "Publish a scene under a name",
    "Summarise a data source, or read rows of it",
    "Delete what nothing refers to, and report what was freed",
)

#: Pages by name: the address, and whether Ada is signed in.
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
    "home": ("/", True),
    "plots": ("/plots", True),
    "plots, none found": ("/plots?q=nothing", True),
    "own plot": ("/plots/{walk}/show", True),
    "own plot, old version": ("/plots/{walk}/show?version=1", True),
    "data": ("/data", True),
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

#: Those with a plot on them, which is waited for.
DRAWN = {"public plot", "shared plot", "embedded plot", "own plot", "own plot, old version"}


@pytest.fixture(params=LOOKS, ids=str, scope="module")
def look(request: pytest.FixtureRequest) -> Look:
    return request.param  # type: ignore[no-any-return]  # one of LOOKS


@pytest.fixture(scope="module")
def pages(browser: Browser, look: Look, town: Town) -> Iterator[dict[bool, Page]]:
    """A page of a visitor and one of Ada's, with the look."""
    with browsing(browser, look) as stranger, browsing(browser, look) as ada:
        town.sign_in(ada.page.context)
        yield {False: stranger.page, True: ada.page}


def address(town: Town, name: str) -> tuple[str, bool]:
    path, signed_in = PAGES[name]
    ids = {name: plot.id for name, plot in town.plots.items()}
    source = town.cloud.request("GET", "/ada/data", town.key).json()["sources"][0]["id"]
    return town.url + path.format(**ids, share=town.share, source=source), signed_in


def opened(pages: dict[bool, Page], town: Town, name: str) -> Page:
    url, signed_in = address(town, name)
    page = pages[signed_in]
    if name in DRAWN:
        open_plot(page, url)
    else:
        page.goto(url)
    if name == API:
        page.locator("openapi-explorer main").wait_for()
    return page


@pytest.mark.parametrize("name", PAGES)
def test_page(pages: dict[bool, Page], town: Town, look: Look, name: str) -> None:
    page = opened(pages, town, name)
    folder = artifacts("pages")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= look.width, "it scrolls sideways"
    assert violations(page) == []


def test_operations_of_the_api(pages: dict[bool, Page], town: Town, look: Look) -> None:
    page = opened(pages, town, API)
    for summary in OPERATIONS:
        page.get_by_text(summary, exact=True).first.click()
        page.get_by_text("Response", exact=False).locator("visible=true").first.wait_for()
        page.screenshot(path=artifacts("pages") / f"the API, {summary}-{look}.png")
        assert violations(page) == []


def test_sheets(pages: dict[bool, Page], town: Town, look: Look) -> None:
    page = opened(pages, town, "own plot")
    for button in ("Share", "Download", "Versions and settings"):
        page.get_by_role("button", name=button, exact=True).click()
        sheet = page.get_by_role("dialog")
        assert sheet.is_visible()
        page.screenshot(path=artifacts("pages") / f"sheet {button}-{look}.png")
        assert violations(page) == []
        page.keyboard.press("Escape")
        assert sheet.count() == 0


def test_picked_plots_and_the_question_whether_to_delete(
    pages: dict[bool, Page], town: Town, look: Look
) -> None:
    page = pages[True]
    page.goto(f"{town.url}/plots?q=sine")  # other tests publish more than one page of plots
    page.get_by_label("Select A sine").check()
    page.screenshot(path=artifacts("pages") / f"plots, picked-{look}.png")
    assert violations(page) == []
    page.get_by_role("group", name="With the selected plots").get_by_role("button", name="Delete").click()
    page.screenshot(path=artifacts("pages") / f"plots, delete-{look}.png", full_page=True)
    assert violations(page) == []
    assert page.get_by_role("heading", level=1).inner_text() == "Delete 1 plot?"
    page.get_by_role("link", name="Keep it").click()
    assert page.get_by_label("Select A sine").is_visible()


@pytest.mark.parametrize("name", PAGES)
def test_budget(browser: Browser, town: Town, name: str) -> None:
    """With nothing in the cache: how much of ours is sent, and in how many requests."""
    url, signed_in = address(town, name)
    with browsing(browser) as tab:
        if signed_in:
            town.sign_in(tab.page.context)
        answers: list[Response] = []
        tab.page.on("response", lambda answer: answers.append(answer))  # it takes no builtin
        # The page of a plot is never idle: it listens to events.
        if name in DRAWN:
            open_plot(tab.page, url)
        else:
            tab.page.goto(url, wait_until="networkidle")
        ours = [answer for answer in answers if is_ours(answer)]
        sizes = {answer.url: answer.request.sizes() for answer in ours}
        sent = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes.values())
        assert sent <= BUDGET_BYTES, sizes
        assert len(ours) <= BUDGET_REQUESTS, list(sizes)
        assert all(kept_well(answer) for answer in ours), [a.url for a in ours if not kept_well(a)]


def is_ours(answer: Response) -> bool:
    theirs = (
        "/static/bokehjs/",
        "/openapi-explorer.",
        "/openapi.json",
        "/scene",
        "/data/columns",
        "/thumbnail.png",
        "/events",
    )
    return not any(part in answer.url for part in theirs)


def kept_well(answer: Response) -> bool:
    """Whether a file is kept for ever, under a name with a hash, and a page never."""
    cache = answer.headers.get("cache-control", "")
    return "immutable" in cache if "/static/" in answer.url else "no-store" in cache


#: Notes all that gets the focus. Asked after each key it could be missed: a frame gives the focus back later
#: than the key is done with.
FOCUS = """() => {
  window.focused = [];
  document.addEventListener("focusin", (event) => {
    const element = event.composedPath()[0];
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    window.focused.push({tag: element.tagName, seen: element.tagName === "IFRAME" || outlined,
      text: (element.innerText || element.getAttribute("aria-label") || "").trim()});
  });
}"""


def focused(page: Page, presses: int) -> list[dict[str, Any]]:
    """Return what gets the focus while Tab is pressed so often."""
    page.evaluate(FOCUS)
    for _ in range(presses):
        page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    found: list[dict[str, Any]] = page.evaluate("window.focused")
    return found


@pytest.fixture(scope="module")
def visits(browser: Browser, town: Town) -> Iterator[dict[bool, Page]]:
    """A page of a visitor and one of Ada's, for all tests that have no look of their own."""
    with browsing(browser) as stranger, browsing(browser) as ada:
        town.sign_in(ada.page.context)
        yield {False: stranger.page, True: ada.page}


@pytest.mark.parametrize("name", [name for name in PAGES if "embedded" not in name])
def test_everything_is_reached_by_keyboard_and_seen(visits: dict[bool, Page], town: Town, name: str) -> None:
    page = opened(visits, town, name)
    wanted = "a[href], button:visible, input:visible:not([type=hidden]), select:visible, [role=link]:visible"
    count = page.locator(wanted).count()
    steps = focused(page, count + 20)  # a plot has stops of its own
    reached = {(step["tag"], step["text"]) for step in steps}
    assert all(step["seen"] for step in steps), steps
    for text in page.locator("a[href]:visible").all_inner_texts():
        assert ("A", text.strip()) in reached, text


def test_share_by_keyboard_alone(browser: Browser, town: Town) -> None:
    with browsing(browser) as tab:
        town.sign_in(tab.page.context)
        open_plot(tab.page, town.plots["walk"].url)
        reached = ""
        for _ in range(30):
            tab.page.keyboard.press("Tab")
            reached = tab.page.evaluate("document.activeElement.innerText")
            if reached == "Share":
                break
        assert reached == "Share"
        tab.page.keyboard.press("Enter")
        sheet = tab.page.get_by_role("dialog", name="Share this plot")
        assert sheet.is_visible()
        assert tab.page.evaluate("document.activeElement.closest('.sheet') !== null"), (
            "the sheet has no focus"
        )
        tab.page.keyboard.press("Escape")
        assert not sheet.is_visible()
        assert tab.page.evaluate("document.activeElement.innerText") == "Share"
