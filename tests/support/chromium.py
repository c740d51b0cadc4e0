"""Headless Chromium, configured to render the same pixels in every run."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Frame,
    Page,
    Playwright,
    Request,
)

VIEWPORT = (1280, 900)
TIMEOUT = 45_000  # milliseconds, long enough for a machine that is busy with other things

#: A domain that Chromium resolves to this machine.
DOMAIN = "plots.example.com"

FLAGS = [
    f"--host-resolver-rules=MAP {DOMAIN} 127.0.0.1",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # WebGL in software, which does not depend on the machine's graphics.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-accelerated-2d-canvas",
    # Grayscale antialiasing of text, since subpixel antialiasing can differ between a frame and a page.
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
]

#: Runs in every page and frame before its own scripts. It must not add to the page's markup, since a policy
#: can forbid inline styles; a constructed style sheet is allowed.
DETERMINISTIC = """
{
  let state = 0x2545F491
  Math.random = () => { // mulberry32
    state = (state + 0x6D2B79F5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const sheet = new CSSStyleSheet()
  sheet.replaceSync("html { caret-color: transparent; }")
  document.adoptedStyleSheets.push(sheet)
  document.addEventListener("securitypolicyviolation", (event) => {
    const place = `${event.sourceFile}:${event.lineNumber}`
    console.error(`policy violation: ${event.effectiveDirective} blocked ${event.blockedURI} at ${place}`)
  })
}
"""

IDLE = "() => window.Bokeh?.documents?.length > 0 && Bokeh.documents.every((document) => document.is_idle)"

#: Resolves two animation frames later, when everything is painted.
PAINTED = """async () => {
  await document.fonts.ready
  for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve))
}"""


class ChromiumMissing(RuntimeError):
    """Chromium is not installed."""


@dataclass
class Tab:
    """A page, and the errors in it and in its frames."""

    page: Page
    errors: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Record errors on the console, including policy violations, uncaught errors and crashes."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("crash", lambda _: self.errors.append("the page crashed"))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left during the request
            self.errors.append(f"request failed: {request.url} {request.failure}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text} ({message.location.get('url', '')[:200]})")


def find_chromium() -> str:
    """Return the path of the system's Chromium.

    Raises:
        ChromiumMissing: it is not installed; the message says what to install.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise ChromiumMissing("Chromium is missing; on Debian and Ubuntu: apt install chromium")
    return path


def find_headless_shell() -> str:
    """Return the path of Chromium's headless shell, or of Chromium if the shell is not installed.

    The shell has the same engine without the browser's user interface, and takes half of the CPU time.

    Raises:
        ChromiumMissing: neither is installed; the message says what to install.
    """
    return shutil.which("chromium-headless-shell") or find_chromium()


def launch(playwright: Playwright, path: str) -> Browser:
    """Start Chromium from a path, with the flags of the tests."""
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a new profile with a fixed window, language, time zone and preferences, and more `options`."""
    context = browser.new_context(
        **options,
        viewport={"width": VIEWPORT[0], "height": VIEWPORT[1]},
        device_scale_factor=1,
        locale="en-US",
        timezone_id="UTC",
        color_scheme="light",
        reduced_motion="reduce",
    )
    context.add_init_script(DETERMINISTIC)
    context.set_default_timeout(TIMEOUT)
    return context


@contextmanager
def open_tab(context: BrowserContext, url: str, size: tuple[int, int] = VIEWPORT) -> Iterator[Tab]:
    """Open a page in a tab of `size` CSS pixels, and close it at the end."""
    page = context.new_page()
    try:
        tab = Tab(page)
        tab.watch()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(url, wait_until="load")
        yield tab
    finally:
        page.close()


def wait_idle(where: Page | Frame) -> None:
    """Wait until every Bokeh document of a page or a frame is rendered.

    Raises:
        playwright.sync_api.TimeoutError: it is not rendered within `TIMEOUT`.
    """
    where.wait_for_function(IDLE)
    where.evaluate(PAINTED)


def wait_ready(frame: Frame) -> None:
    """Wait until a frame reports that its plot is ready, and until the plot is rendered.

    Raises:
        AssertionError: the frame reports a failure, or nothing within `TIMEOUT`.
    """
    try:
        frame.wait_for_selector("html[data-state=ready], html[data-state=failed]", state="attached")
    except Error as error:
        raise AssertionError(f"the frame {frame.url} did not become ready: {error}") from error
    if frame.locator("html").get_attribute("data-state") == "failed":
        raise AssertionError(f"the frame {frame.url} says: {frame.locator('body').inner_text()[:500]}")
    wait_idle(frame)


def frame_of(page: Page) -> Frame:
    """Return the frame of the plot in a page, or the page itself if it is the frame, once it is loaded.

    A script can add the frame later, and a lazy frame is loaded when it is scrolled to.

    Raises:
        playwright.sync_api.TimeoutError: there is no frame within `TIMEOUT`.
    """
    if "/embed" in page.url:
        return page.main_frame
    element = page.wait_for_selector("iframe", state="attached")
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_url("**/embed*")
    return frame


def without_metadata(url: str) -> str:
    """Return a URL under which browsers do not say what they are going to show, as it is not trustworthy.

    Under it, the frame of a plot can be opened as a page.
    """
    return url.replace("localhost", DOMAIN, 1)


def screenshot(page: Page) -> bytes:
    """Return a PNG of the visible part of a page.

    Playwright's options for hiding the caret and animations are off: they use an inline style, which a page's
    policy can forbid, and `new_context` hides both already.
    """
    return page.screenshot(caret="initial", animations="allow")
