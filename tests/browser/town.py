"""A cloud with accounts and somebody in it, who has published things: what the tests of pages look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.plotting import figure
from playwright.sync_api import Browser, BrowserContext, Page

import bokeh_cloud
from bokeh_cloud.plot import Plot
from tests.browser.chromium import TIMEOUT, Tab, wait_ready
from tests.compose.maildev import Maildev
from tests.conftest import one_process
from tests.integration.people import Cloud, Person
from tests.mailbox import Mailbox, smtp_server

PUBLISHING = ("plots:read", "plots:write", "data:read", "data:write", "account")

TEXTS = {"terms": "# Terms\n\nBe kind.\n", "imprint": "# Imprint\n\nAda, Street 1\n"}


@dataclass(frozen=True)
class Look:
    """A window that people have: its size in pixels, and light or dark."""

    width: int
    height: int
    scheme: str

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


LOOKS = [Look(1280, 900, "light"), Look(1280, 900, "dark"), Look(390, 844, "light"), Look(390, 844, "dark")]


@dataclass
class Town:
    """The cloud, and Ada with her plots: `sine` is public, `walk` private, with a share link."""

    cloud: Cloud
    ada: Person
    key: str
    plots: dict[str, Plot] = field(default_factory=dict)
    share: str = ""

    @property
    def url(self) -> str:
        """Where it is."""
        return self.cloud.url

    @property
    def server(self) -> bokeh_cloud.Server:
        """Ada's program."""
        return bokeh_cloud.Server(self.url, apikey=self.key)

    def sign_in(self, context: BrowserContext) -> None:
        """Let a browser have Ada's session."""
        [cookie] = [cookie for cookie in self.ada.browser.cookies if cookie.name == "bokeh_cloud"]
        context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": self.url}])

    def ask(self, method: str, path: str, **how: Any) -> dict[str, object]:
        """Ask as Ada's program; return the JSON answer."""
        answer = self.cloud.request(method, path, self.key, **how)
        assert answer.ok, answer.text
        return dict(answer.json()) if answer.content else {}


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """Start it, with terms and an imprint."""
    pages = folder / "pages"
    pages.mkdir()
    for name, text in TEXTS.items():
        (pages / f"{name}.md").write_text(text)
    box = Mailbox()
    with smtp_server(box) as port:
        smtp, storage = f"smtp://127.0.0.1:{port}", f"local://{folder / 'storage'}"
        with one_process(
            storage, "--accounts", BOKEH_CLOUD_SMTP_URL=smtp, BOKEH_CLOUD_PAGES=str(pages)
        ) as url:
            cloud = Cloud(url, box)
            ada = Person(cloud, "ada")
            ada.register()
            yield settle(Town(cloud, ada, ada.make_key(*PUBLISHING)))


def given_town(url: str) -> Town:
    """Settle in a cloud that runs elsewhere, whose mailbox is maildev's; what Ada had published goes."""
    cloud = Cloud(url, Maildev(url))
    ada = Person(cloud, "ada")
    if mails := len(cloud.mails_to(ada.email)):
        ada.sign_in(mails + 1)
    else:
        ada.register()
    town = Town(cloud, ada, ada.make_key(*PUBLISHING))
    for plot in town.server.plots():
        plot.delete()
    return settle(town)


def settle(town: Town) -> Town:
    """Publish, open and share."""
    x = np.linspace(0, 10, 1000)
    sine = figure(title="A sine", height=400, sizing_mode="stretch_width", x_axis_label="time")
    sine.line(x, np.sin(x))
    walk = figure(title="A random walk", width=600, height=300)
    walk.line(x, np.cumsum(np.random.default_rng(1).standard_normal(1000)))
    town.plots = {name: town.server.publish(plot, name) for name, plot in (("sine", sine), ("walk", walk))}
    walk.title = "A random walk, again"
    town.plots["walk"] = town.server.publish(walk, "walk")
    town.ask("PATCH", f"/ada/plots/{town.plots['sine'].id}", json={"visibility": "public"})
    town.share = str(town.ask("POST", f"/ada/plots/{town.plots['walk'].id}/shares", json={})["show"])
    return town


@contextmanager
def browsing(browser: Browser, look: Look = LOOKS[0], **how: Any) -> Iterator[Tab]:
    """Open a tab in a fresh profile with a look; note what goes wrong in it."""
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme,  # type: ignore[arg-type]  # one of two words
        reduced_motion="reduce",
        **how,
    )
    context.set_default_timeout(TIMEOUT)
    tab = Tab(context.new_page())
    tab.watch()
    try:
        yield tab
    finally:
        context.close()


def open_plot(page: Page, url: str) -> None:
    """Open the page of a plot, or its frame alone, and wait until it is drawn."""
    page.goto(url)
    wait_drawn(page)


def wait_drawn(page: Page) -> None:
    """Wait until the plot of an open page is drawn."""
    element = page.query_selector("iframe.plot-frame")
    frame = element.content_frame() if element else page.main_frame
    assert frame is not None
    wait_ready(frame)
