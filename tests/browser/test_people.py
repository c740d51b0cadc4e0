"""A person's whole way in a real browser, wide and narrow, light and dark.

The screenshots are kept among the artifacts of a run, in `people/`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.town import LOOKS, Look, browsing, open_plot, wait_drawn
from tests.browser.walking import Walk
from tests.conftest import one_process
from tests.integration.people import Cloud
from tests.mailbox import Mailbox, smtp_server

#: What the person has written before; what publishes it is copied from the page.
FIGURE = """
import numpy as np
from bokeh.plotting import figure

x = np.linspace(0, 10, 500)
fig = figure(title="Tides at the harbour", height=380, sizing_mode="stretch_width",
             x_axis_label="hours", y_axis_label="metres")
fig.line(x, 2 + np.sin(x), line_width=2, legend_label="measured")
fig.scatter(x[::20], 2 + np.sin(x[::20]), size=7, legend_label="by hand")
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    box, storage = Mailbox(), f"local://{tmp_path_factory.mktemp('people')}"
    with smtp_server(box) as port:
        settings: dict[str, Any] = {
            "BOKEH_CLOUD_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "BOKEH_CLOUD_GC_GRACE_HOURS": "0",
            "BOKEH_CLOUD_GC_EVERY_HOURS": "0",  # or the collector could be faster than a person
        }
        with one_process(storage, "--accounts", **settings) as url:
            yield Cloud(url, box)


@pytest.fixture(params=LOOKS, ids=str)
def walk(request: pytest.FixtureRequest, cloud: Cloud, browser: Browser, tmp_path: Path) -> Iterator[Walk]:
    with browsing(browser, request.param) as tab:
        yield Walk(cloud, request.param, tab.page, tmp_path)
        # Where nobody is signed in, the sign-in page comes with 401, which the console calls an error.
        assert [text for text in tab.errors if "401" not in text] == []


def test_from_registering_to_deleting_the_account(walk: Walk, browser: Browser) -> None:
    register(walk)
    sign_out(walk)
    sign_in(walk)
    key = make_key(walk)
    address = publish(walk)
    see(walk, address)
    link = share(walk)
    with browsing(browser, walk.look) as elsewhere:
        open_link(walk, elsewhere.page, link, address)
        withdraw(walk)
        elsewhere.page.goto(link)
        expect(elsewhere.page.get_by_role("heading")).to_have_text("This link does not work any more")
        walk.keep("withdrawn link", elsewhere.page)
        assert [text for text in elsewhere.errors if not re.search("40[14]", text)] == []
    delete_plot(walk)
    free(walk)
    revoke_key(walk, key)
    close_account(walk)


def register(walk: Walk) -> None:
    page = walk.page
    page.goto(walk.cloud.url)
    walk.keep("landing")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email address").fill(walk.email)
    page.get_by_label("Username").fill(walk.name)
    walk.keep("register")
    walk.press("Send me a link")
    walk.read_heading("Check your mail")
    walk.keep("check your mail")
    page.goto(walk.cloud.link_to(walk.email))
    walk.keep("welcome")
    walk.press("Make my account")
    walk.read_heading("Publish your first plot")
    assert page.url == f"{walk.cloud.url}/"
    walk.keep("first plot")
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""


def sign_out(walk: Walk) -> None:
    walk.press(f"Account of {walk.name}")
    walk.keep("menu")
    walk.press("Sign out")
    walk.read_heading("Sign in")
    assert walk.page.context.cookies() == []
    walk.page.goto(f"{walk.cloud.url}/account")
    walk.read_heading("Sign in")


def sign_in(walk: Walk) -> None:
    walk.page.get_by_label("Email address").fill(walk.email)
    walk.keep("sign in")
    walk.press("Send me a link")
    walk.page.goto(walk.cloud.link_to(walk.email, 2))
    walk.press("Sign in")
    walk.read_heading("Publish your first plot")


def make_key(walk: Walk) -> str:
    """Make a key, and write what the page says into the file that it names; return the key."""
    page = walk.page
    page.get_by_role("link", name="Make an API key").click()
    page.get_by_label("Name of a new key").fill("my laptop")
    walk.keep("no keys yet")
    walk.press("Make a key")
    key = page.get_by_label("The new API key").inner_text().strip()
    assert re.fullmatch(r"bkp_\w{38}", key)
    walk.keep("new key")
    lines = page.get_by_label("Lines for cloud.cfg").inner_text()
    (walk.home / ".bokeh").mkdir()
    (walk.home / ".bokeh/cloud.cfg").write_text(lines)
    (walk.home / ".bokeh/cloud.cfg").chmod(0o600)
    page.goto(f"{walk.cloud.url}/account/keys")
    assert key not in page.content()
    walk.keep("keys")
    return key


def publish(walk: Walk) -> str:
    """Run the lines that the first page shows; return the address that they print."""
    walk.page.goto(walk.cloud.url)
    lines = walk.page.get_by_label("Python code that publishes a figure").inner_text()
    settings = {name: value for name, value in os.environ.items() if not name.startswith("BOKEH_CLOUD")}
    done = subprocess.run(
        [sys.executable, "-c", FIGURE + lines],
        env={**settings, "HOME": str(walk.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def see(walk: Walk, address: str) -> None:
    """Find the plot and its picture on the first page, open it, and find both in the list."""
    page = walk.page
    page.goto(walk.cloud.url)
    expect(page.locator(".plot .picture img")).to_be_visible()
    page.get_by_role("link", name="Tides at the harbour").click()
    page.wait_for_url(f"{address}*")
    wait_drawn(page)
    walk.keep("plot")
    walk.press("Download")
    walk.keep("download")
    page.keyboard.press("Escape")
    page.goto(f"{walk.cloud.url}/plots")
    shown = page.locator(".plot .picture img")
    expect(shown).to_be_visible()
    page.wait_for_function("document.querySelector('.plot .picture img').complete")
    walk.keep("plots")
    page.goto(f"{walk.cloud.url}/data")
    walk.keep("data")
    page.locator(".rows a").first.click()
    walk.keep("data source")
    page.goto(address)


def share(walk: Walk) -> str:
    """Make a link that expires, and return it."""
    walk.press("Share")
    walk.keep("share")
    walk.press("Make a link")
    expect(walk.page.get_by_role("heading", name="A new share link")).to_be_visible()
    walk.keep("new link")
    return walk.page.get_by_label("Link", exact=True).input_value()


def open_link(walk: Walk, page: Page, link: str, address: str) -> None:
    """Open it in a browser that has never been here; without it, there is nothing to see."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("This plot is private, or gone")
    walk.keep("no link", page)
    open_plot(page, link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tides at the harbour")
    walk.keep("shared plot", page)


def withdraw(walk: Walk) -> None:
    walk.page.goto(f"{walk.cloud.url}/account/shares")
    walk.keep("share links")
    walk.page.get_by_role("button", name="Withdraw the link of Tides").click()
    expect(walk.page.get_by_role("heading", name="No share links")).to_be_visible()


def delete_plot(walk: Walk) -> None:
    page = walk.page
    page.get_by_role("link", name="Your plots").click()
    page.get_by_role("link", name="Tides at the harbour").click()
    walk.press("Versions and settings")
    walk.keep("settings")
    walk.press("Delete this plot")
    walk.read_heading("Delete 1 plot?")
    walk.keep("delete")
    walk.press("Delete 1 plot")
    expect(page.get_by_role("heading", name="No plots yet")).to_be_visible()
    walk.keep("no plots")


def free(walk: Walk) -> None:
    """What the plot has left behind is named, and freed."""
    page = walk.page
    page.goto(f"{walk.cloud.url}/account")
    page.get_by_role("link", name="See what could be freed").click()
    walk.read_heading("Not used any more")
    expect(page.get_by_role("row").filter(has_text="No plot shows it")).to_contain_text("Data")
    walk.keep("unused")
    page.get_by_role("button", name=re.compile("Free .* now")).click()
    expect(page.get_by_role("status")).to_contain_text("freed: ")
    expect(page.get_by_role("heading", name="Nothing to free")).to_be_visible()
    walk.keep("freed")
    page.goto(f"{walk.cloud.url}/data")
    expect(page.get_by_role("heading", name="No data yet")).to_be_visible()


def revoke_key(walk: Walk, key: str) -> None:
    assert walk.cloud.request("GET", "/whoami", key).json()["user_id"] == walk.name
    walk.page.goto(f"{walk.cloud.url}/account/keys")
    walk.press("Revoke the key my laptop")
    expect(walk.page.get_by_text("No keys yet")).to_be_visible()
    assert walk.cloud.request("GET", "/whoami", key).status_code == 401


def close_account(walk: Walk) -> None:
    page = walk.page
    page.goto(f"{walk.cloud.url}/account/activity")
    walk.keep("activity")
    page.goto(f"{walk.cloud.url}/account")
    walk.keep("account")
    page.get_by_label("to confirm").fill(walk.name)
    walk.press("Delete my account and everything in it")
    walk.read_heading("Publish Bokeh plots with one call")
    assert page.context.cookies() == []


def test_pages_fit_a_small_screen_and_the_keyboard(cloud: Cloud, browser: Browser) -> None:
    with browsing(browser, Look(320, 640, "light")) as tab:
        for path in ("/login", "/register"):
            tab.page.goto(cloud.url + path)
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= 320
            reached = []
            for _ in range(6):
                tab.page.keyboard.press("Tab")
                reached.append(tab.page.evaluate("document.activeElement.name"))
            assert "email" in reached
