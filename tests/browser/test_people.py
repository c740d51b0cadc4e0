"""A person in a real browser: registers, signs in, makes a key, and signs out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Tab, new_context
from tests.conftest import one_process
from tests.integration.people import Cloud
from tests.mailbox import Mailbox, smtp_server


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    box, storage = Mailbox(), f"local://{tmp_path_factory.mktemp('people')}"
    with smtp_server(box) as port:
        smtp = f"smtp://127.0.0.1:{port}"
        with one_process(storage, "--accounts", BOKEH_CLOUD_SMTP_URL=smtp) as url:
            yield Cloud(url, box)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh profile: nobody is signed in."""
    context = new_context(browser)
    tab = Tab(context.new_page())
    tab.watch()
    yield tab.page
    context.close()
    # Where nobody is signed in, the sign-in page comes with 401, which the console calls an error.
    assert [text for text in tab.errors if "401" not in text] == []


def test_from_registering_to_signing_out(cloud: Cloud, page: Page, tmp_path: Path) -> None:
    page.goto(cloud.url)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email address").fill("grace@example.com")
    page.get_by_label("Username").fill("grace")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading")).to_have_text("Check your mail")
    page.goto(cloud.link_to("grace@example.com"))
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Publish your first plot")
    assert page.url == f"{cloud.url}/"
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""

    page.get_by_role("link", name="Make an API key").click()
    page.get_by_label("Name of a new key").fill("my laptop")
    page.get_by_role("button", name="Make a key").click()
    key = page.get_by_label("The new API key").inner_text().strip()
    assert re.fullmatch(r"bkp_\w{38}", key)
    assert cloud.request("GET", "/whoami", key).json()["user_id"] == "grace"
    page.screenshot(path=tmp_path / "account.png", full_page=True)
    page.goto(f"{cloud.url}/account/keys")
    assert key not in page.content()
    page.get_by_role("button", name="Revoke the key my laptop").click()
    expect(page.get_by_text("No keys yet")).to_be_visible()
    assert cloud.request("GET", "/whoami", key).status_code == 401

    page.get_by_role("button", name="Account of grace").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text("Sign in")
    assert page.context.cookies() == []
    page.goto(f"{cloud.url}/account")
    expect(page.get_by_role("heading")).to_have_text("Sign in")


def test_pages_fit_a_small_screen_and_the_keyboard(cloud: Cloud, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    for path in ("/login", "/register"):
        page.goto(cloud.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        reached = []
        for _ in range(6):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.name"))
        assert "email" in reached
