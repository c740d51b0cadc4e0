"""The pages from registration to account deletion, in wide and narrow windows, light and dark.

The screenshots are saved in the folder `journeys/` of the test artifacts.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.journeys import Journey
from tests.support.populated_cloud import (
    APPEARANCES,
    Appearance,
    open_browser_tab,
    open_plot,
    wait_for_plot,
)
from tests.support.users import RunningCloud, start_cloud_with_accounts

#: The user's own code; the code that publishes the figure is copied from the page.
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
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    storage = f"local://{tmp_path_factory.mktemp('journeys')}"
    # Orphans can be collected at once, but only on the user's request.
    with start_cloud_with_accounts(
        storage, BOKEH_CLOUD_GC_GRACE_HOURS="0", BOKEH_CLOUD_GC_EVERY_HOURS="0"
    ) as cloud:
        yield cloud


@pytest.fixture(params=APPEARANCES, ids=str)
def journey(
    request: pytest.FixtureRequest, cloud: RunningCloud, browser: Browser, tmp_path: Path
) -> Iterator[Journey]:
    with open_browser_tab(browser, request.param) as tab:
        yield Journey(cloud, request.param, tab.page, tmp_path)
        # The login page that is shown instead of other pages has status 401, which the console logs.
        assert [text for text in tab.errors if "401" not in text] == []


def test_the_journey_from_registration_to_account_deletion(journey: Journey, browser: Browser) -> None:
    register(journey)
    sign_out(journey)
    sign_in(journey)
    key = make_key(journey)
    url = publish(journey)
    open_from_lists(journey, url)
    link = share(journey)
    with open_browser_tab(browser, journey.appearance) as elsewhere:
        open_link(journey, elsewhere.page, link, url)
        revoke_link(journey)
        elsewhere.page.goto(link)
        expect(elsewhere.page.get_by_role("heading")).to_have_text("This link does not work any more")
        journey.check("withdrawn link", elsewhere.page)
        assert [text for text in elsewhere.errors if not re.search("40[14]", text)] == []
    delete_plot(journey)
    collect_garbage(journey)
    revoke_key(journey, key)
    delete_account(journey)


def register(journey: Journey) -> None:
    page = journey.page
    page.goto(journey.cloud.url)
    journey.check("landing")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email address").fill(journey.email)
    page.get_by_label("Username").fill(journey.name)
    journey.check("register")
    journey.press("Send me a link")
    journey.expect_heading("Check your mail")
    journey.check("check your mail")
    page.goto(journey.cloud.link_to(journey.email))
    journey.check("welcome")
    journey.press("Create my account")
    journey.expect_heading("Publish your first plot")
    assert page.url == f"{journey.cloud.url}/"
    journey.check("first plot")
    cookies = page.context.cookies()
    assert {cookie["name"] for cookie in cookies} == {"bokeh_cloud", "bokeh_cloud_browser"}
    for cookie in cookies:
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""


def sign_out(journey: Journey) -> None:
    journey.press(f"Account of {journey.name}")
    journey.check("menu")
    journey.press("Sign out")
    journey.expect_heading("Sign in")
    assert [cookie["name"] for cookie in journey.page.context.cookies()] == ["bokeh_cloud_browser"]
    journey.page.goto(f"{journey.cloud.url}/account")
    journey.expect_heading("Sign in")


def sign_in(journey: Journey) -> None:
    journey.page.get_by_label("Email address").fill(journey.email)
    journey.check("sign in")
    journey.press("Send me a link")
    journey.page.goto(journey.cloud.link_to(journey.email, 2))
    journey.press("Sign in")
    journey.expect_heading("Publish your first plot")


def make_key(journey: Journey) -> str:
    """Make a key, and save the configuration that the page shows in the user's home; return the key."""
    page = journey.page
    page.get_by_role("link", name="Create an API key").click()
    page.get_by_label("Name of the new key").fill("my laptop")
    journey.check("no keys yet")
    journey.press("Create a key")
    key = page.get_by_label("The new API key").inner_text().strip()
    assert re.fullmatch(r"bkp_\w{38}", key)
    journey.check("new key")
    lines = page.get_by_label("Lines for cloud.cfg").inner_text()
    (journey.home / ".bokeh").mkdir()
    (journey.home / ".bokeh/cloud.cfg").write_text(lines)
    (journey.home / ".bokeh/cloud.cfg").chmod(0o600)
    page.goto(f"{journey.cloud.url}/account/keys")
    assert key not in page.content()
    journey.check("keys")
    return key


def publish(journey: Journey) -> str:
    """Run the code that the home page shows; return the URL that it prints."""
    journey.page.goto(journey.cloud.url)
    code = journey.page.get_by_label("Python code that publishes a figure").inner_text()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BOKEH_CLOUD")}
    done = subprocess.run(
        [sys.executable, "-c", FIGURE + code],
        env={**environ, "HOME": str(journey.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def open_from_lists(journey: Journey, url: str) -> None:
    """Open the plot from the home page, and find it and its thumbnail in the list of plots."""
    page = journey.page
    page.goto(journey.cloud.url)
    expect(page.locator(".plot .picture img")).to_be_visible()
    page.get_by_role("link", name="Tides at the harbour").click()
    page.wait_for_url(f"{url}*")
    wait_for_plot(page)
    journey.check("plot")
    journey.press("Download")
    journey.check("download")
    page.keyboard.press("Escape")
    page.goto(f"{journey.cloud.url}/plots")
    expect(page.locator(".plot .picture img")).to_be_visible()
    expect(page.locator(".plot .picture img").first).to_have_js_property("complete", True)
    journey.check("plots")
    page.goto(f"{journey.cloud.url}/data")
    journey.check("data")
    page.locator(".rows a").first.click()
    journey.check("data source")
    page.goto(url)


def share(journey: Journey) -> str:
    """Create a share link, and return it."""
    journey.press("Share")
    journey.check("share")
    journey.press("Create a link")
    expect(journey.page.get_by_role("heading", name="A new share link")).to_be_visible()
    journey.check("new link")
    return journey.page.get_by_label("Link", exact=True).input_value()


def open_link(journey: Journey, page: Page, link: str, url: str) -> None:
    """Open the share link in another browser, which cannot open the plot without it."""
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_have_text("This plot is private, or gone")
    journey.check("no link", page)
    open_plot(page, link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tides at the harbour")
    journey.check("shared plot", page)


def revoke_link(journey: Journey) -> None:
    journey.page.goto(f"{journey.cloud.url}/account/shares")
    journey.check("share links")
    journey.page.get_by_role("button", name="Withdraw the link of Tides").click()
    expect(journey.page.get_by_role("heading", name="No share links")).to_be_visible()


def delete_plot(journey: Journey) -> None:
    page = journey.page
    page.get_by_role("link", name="Your plots").click()
    page.get_by_role("link", name="Tides at the harbour").click()
    journey.press("Versions and settings")
    journey.check("settings")
    journey.press("Delete this plot")
    journey.expect_heading("Delete 1 plot?")
    journey.check("delete")
    journey.press("Delete 1 plot")
    expect(page.get_by_role("heading", name="No plots yet")).to_be_visible()
    journey.check("no plots")


def collect_garbage(journey: Journey) -> None:
    """Find what the plot has left behind, and free it."""
    page = journey.page
    page.goto(f"{journey.cloud.url}/account")
    page.get_by_role("link", name="See what can be deleted").click()
    journey.expect_heading("Unused data")
    expect(page.get_by_role("row").filter(has_text="No plot shows it")).to_contain_text("Data")
    journey.check("unused")
    page.get_by_role("button", name=re.compile("Free .* now")).click()
    expect(page.get_by_role("status")).to_contain_text("freed: ")
    expect(page.get_by_role("heading", name="Nothing to free")).to_be_visible()
    journey.check("freed")
    page.goto(f"{journey.cloud.url}/data")
    expect(page.get_by_role("heading", name="No data yet")).to_be_visible()


def revoke_key(journey: Journey, key: str) -> None:
    assert journey.cloud.request("GET", "/whoami", key).json()["user_id"] == journey.name
    journey.page.goto(f"{journey.cloud.url}/account/keys")
    journey.press("Revoke the key my laptop")
    journey.expect_heading("Revoke this key?")
    journey.check("revoke a key")
    journey.press("Revoke the key")
    expect(journey.page.get_by_text("No keys yet")).to_be_visible()
    assert journey.cloud.request("GET", "/whoami", key).status_code == 401


def delete_account(journey: Journey) -> None:
    page = journey.page
    page.goto(f"{journey.cloud.url}/account/activity")
    journey.check("activity")
    page.goto(f"{journey.cloud.url}/account")
    journey.check("account")
    page.get_by_label("to confirm").fill(journey.name)
    journey.press("Delete my account and everything in it")
    journey.expect_heading("Publish Bokeh plots with one call")
    assert page.context.cookies() == []


def test_login_pages_fit_a_small_screen_and_work_by_keyboard(cloud: RunningCloud, browser: Browser) -> None:
    with open_browser_tab(browser, Appearance(320, 640, "light")) as tab:
        for path in ("/login", "/register"):
            tab.page.goto(cloud.url + path)
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= 320
            reached = []
            for _ in range(6):
                tab.page.keyboard.press("Tab")
                reached.append(tab.page.evaluate("document.activeElement.name"))
            assert "email" in reached
