"""A cloud with an account that has published plots, for the tests of pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from bokeh.plotting import figure
from playwright.sync_api import Browser, BrowserContext, Page

import bokeh_cloud
from bokeh_cloud import Plot
from tests.compose.maildev import given_mailbox
from tests.support.chromium import TIMEOUT, Tab, wait_ready
from tests.support.users import RunningCloud, User, start_cloud_with_accounts

PUBLISHING = ("plots:read", "plots:write", "data:read", "data:write", "account")

OPERATOR_PAGES = {"terms": "# Terms\n\nBe kind.\n", "imprint": "# Imprint\n\nAda, Street 1\n"}

Scheme = Literal["light", "dark"]

SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@dataclass(frozen=True)
class Appearance:
    """The size of a browser window in pixels, and its colour scheme."""

    width: int
    height: int
    scheme: Scheme = "light"

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


#: The windows of a computer and of a telephone.
APPEARANCES = [Appearance(1280, 900), Appearance(390, 844)]


@dataclass
class PopulatedCloud:
    """A cloud, and its user Ada.

    Attributes:
        cloud: the cloud.
        ada: the user, who is signed in.
        key: an API key of Ada.
        plots: Ada's plots by name: `sine` is public, `walk` is private.
        share: the path of a share link of `walk`.
    """

    cloud: RunningCloud
    ada: User
    key: str
    plots: dict[str, Plot] = field(default_factory=dict)
    share: str = ""

    @property
    def url(self) -> str:
        """The URL of the cloud."""
        return self.cloud.url

    @property
    def server(self) -> bokeh_cloud.Server:
        """A client with Ada's key."""
        return bokeh_cloud.Server(self.url, apikey=self.key)

    def sign_in(self, context: BrowserContext) -> None:
        """Give a browser profile the cookie of Ada's session."""
        [cookie] = [cookie for cookie in self.ada.browser.cookies if cookie.name == "bokeh_cloud"]
        context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": self.url}])

    def request(self, method: str, path: str, **options: Any) -> dict[str, object]:
        """Send a request with Ada's key, which must succeed; return the JSON of the response."""
        response = self.cloud.request(method, path, self.key, **options)
        assert response.ok, response.text
        return dict(response.json()) if response.content else {}


@contextmanager
def start_populated_cloud(folder: Path) -> Iterator[PopulatedCloud]:
    """Start a cloud with terms and an imprint, and populate it."""
    pages = folder / "pages"
    pages.mkdir()
    for name, text in OPERATOR_PAGES.items():
        (pages / f"{name}.md").write_text(text)
    storage = f"local://{folder / 'storage'}"
    with start_cloud_with_accounts(storage, BOKEH_CLOUD_PAGES=str(pages)) as cloud:
        ada = User(cloud, "ada")
        ada.register()
        yield populate(PopulatedCloud(cloud, ada, ada.make_key(*PUBLISHING)))


def populate_running_cloud(url: str) -> PopulatedCloud:
    """Populate a running cloud, whose mail server is maildev; delete what Ada had published there."""
    cloud = RunningCloud(url, given_mailbox())
    ada = User(cloud, "ada")
    if mails := len(cloud.mails_to(ada.email)):
        ada.sign_in(mails + 1)
    else:
        ada.register()
    populated = PopulatedCloud(cloud, ada, ada.make_key(*PUBLISHING))
    for plot in populated.server.plots():
        plot.delete()
    return populate(populated)


def populate(populated: PopulatedCloud) -> PopulatedCloud:
    """Publish Ada's plots, make one public, and share the other."""
    x = np.linspace(0, 10, 1000)
    sine = figure(title="A sine", height=400, sizing_mode="stretch_width", x_axis_label="time")
    sine.line(x, np.sin(x))
    walk = figure(title="A random walk", width=600, height=300)
    walk.line(x, np.cumsum(np.random.default_rng(1).standard_normal(1000)))
    populated.plots = {
        name: populated.server.publish(plot, name) for name, plot in (("sine", sine), ("walk", walk))
    }
    walk.title = "A random walk, again"
    populated.plots["walk"] = populated.server.publish(walk, "walk")
    populated.request("PATCH", f"/ada/plots/{populated.plots['sine'].id}", json={"visibility": "public"})
    populated.share = str(
        populated.request("POST", f"/ada/plots/{populated.plots['walk'].id}/shares", json={})["show"]
    )
    return populated


@contextmanager
def open_browser_tab(
    browser: Browser, appearance: Appearance = APPEARANCES[0], **options: Any
) -> Iterator[Tab]:
    """Open a tab in a new profile; `options` are those of Playwright's `new_context`."""
    context = browser.new_context(
        viewport={"width": appearance.width, "height": appearance.height},
        color_scheme=appearance.scheme,
        reduced_motion="reduce",
        **options,
    )
    context.set_default_timeout(TIMEOUT)
    tab = Tab(context.new_page())
    tab.watch()
    try:
        yield tab
    finally:
        context.close()


def in_each_scheme(page: Page, appearance: Appearance) -> Iterator[Appearance]:
    """Switch an open page to each colour scheme, and yield the appearance."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        yield replace(appearance, scheme=scheme)
    page.emulate_media(color_scheme=appearance.scheme)


def open_plot(page: Page, url: str) -> None:
    """Open the page of a plot, or its frame alone, and wait until the plot is rendered."""
    page.goto(url)
    wait_for_plot(page)


def wait_for_plot(page: Page) -> None:
    """Wait until the plot of an open page is rendered."""
    element = page.query_selector("iframe.plot-frame")
    frame = element.content_frame() if element else page.main_frame
    assert frame is not None
    wait_ready(frame)
