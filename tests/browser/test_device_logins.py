"""The page on which a user allows the login of a program (RFC 8628).

The screenshots are saved in the folder `devices/` of the test artifacts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import PUBLISHING
from bokeh_auth.login.device_repository import DeviceRepository
from bokeh_auth.login.devices import LIFETIME, DeviceLogins
from bokeh_auth.rate_limits import RateLimits
from bokeh_cloud import Server
from bokeh_cloud.device_login import GRANT_TYPE
from bokeh_common.http.rate_limits import RateLimiter
from bokeh_common.storage import open_records
from bokeh_common.timestamps import now
from tests.support.axe import violations
from tests.support.pixels import artifact_folder
from tests.support.populated_cloud import APPEARANCES, Appearance, in_each_scheme, open_browser_tab
from tests.support.users import RunningCloud, User, start_cloud_with_accounts

QUESTION = "Let a program sign in?"
ENTRY = "Sign in a program"
UNKNOWN = "There is no program with this code, or it is older than ten minutes."


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"local://{tmp_path_factory.mktemp('devices')}"


@pytest.fixture(scope="module")
def cloud(storage: str) -> Iterator[RunningCloud]:
    with start_cloud_with_accounts(storage) as cloud:
        yield cloud


@dataclass
class Visit:
    """A user in a browser window, who is not signed in at first."""

    user: User
    appearance: Appearance
    page: Page

    def open(self, path: str) -> None:
        """Open a page of the cloud."""
        self.page.goto(self.user.cloud.url + path)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def check(self, heading: str, label: str, text: str = "") -> None:
        """Check the page, and save screenshots of it in both colour schemes."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(self.page.locator("main")).to_contain_text(text)
        folder = artifact_folder("devices")
        folder.mkdir(parents=True, exist_ok=True)
        for shown in in_each_scheme(self.page, self.appearance):
            self.page.screenshot(path=folder / f"{label}-{shown}.png", full_page=True)
            assert self.page.evaluate("document.documentElement.scrollWidth") <= shown.width, label
            assert violations(self.page) == [], (label, shown)

    def sign_in(self) -> None:
        """Sign in by mail, from the login page that is open."""
        mails = len(self.user.cloud.mails_to(self.user.email))
        self.page.get_by_label("Email address").fill(self.user.email)
        self.press("Send me a link")
        self.page.goto(self.user.cloud.link_to(self.user.email, mails + 1))
        self.press("Sign in")


@pytest.fixture(params=APPEARANCES, ids=str)
def visit(request: pytest.FixtureRequest, cloud: RunningCloud, browser: Browser) -> Iterator[Visit]:
    user = User(cloud, f"{request.node.originalname.split('_')[1]}-{request.param}")
    user.register()
    with open_browser_tab(browser, request.param) as tab:
        yield Visit(user, request.param, tab.page)
        assert tab.errors == []


def ask(cloud: RunningCloud) -> dict[str, Any]:
    """Start the login of a program; return its codes."""
    body = {"client_id": "a notebook", "machine": "lab-3"}
    return dict(cloud.request("POST", "/login/device/code", data=body).json())


def poll(cloud: RunningCloud, codes: dict[str, Any]) -> dict[str, Any]:
    body = {"grant_type": GRANT_TYPE, "device_code": codes["device_code"]}
    return dict(cloud.request("POST", "/login/device/token", data=body).json())


def expired_code(storage: str) -> str:
    """Return a user code that was made so long ago that it has just expired."""
    records = open_records(storage, "auth")
    domain = AccountDomain.on_storage(records)
    limits, earlier = RateLimits(RateLimiter(None)), now() - LIFETIME
    logins = DeviceLogins(DeviceRepository(records), domain.accounts, domain.keys, limits, lambda: earlier)
    return logins.ask("a notebook", "lab-3", "", tuple(PUBLISHING), 90)[1]


def test_allowing_a_program_after_signing_in(visit: Visit, cloud: RunningCloud) -> None:
    """The code of the address is carried over, so that it need not be typed."""
    codes = ask(cloud)
    visit.page.goto(codes["verification_uri_complete"])
    visit.check(ENTRY, "not signed in", codes["user_code"])
    visit.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    visit.check("Sign in", "sign in")
    visit.sign_in()
    visit.check(QUESTION, "question", codes["user_code"])
    expect(visit.page.locator("main")).to_contain_text("lab-3")
    assert visit.page.url == codes["verification_uri_complete"]
    visit.press("Allow")
    visit.check("a notebook is signed in", "allowed")
    assert Server(cloud.url, poll(cloud, codes)["access_token"]).user_id == visit.user.name
    # The next login leads to the start page again.
    kept = {cookie["name"] for cookie in visit.page.context.cookies()}
    assert kept == {"bokeh_cloud", "bokeh_cloud_browser"}


def test_denying_a_program(visit: Visit, cloud: RunningCloud) -> None:
    codes = ask(cloud)
    visit.open("/login")
    visit.sign_in()
    visit.open("/login/device")
    visit.check(ENTRY, "entry")
    visit.page.get_by_label("The code that the program shows").fill(codes["user_code"].lower())
    visit.press("Go on")
    visit.check(QUESTION, "question of an entered code", codes["user_code"])
    visit.press("Deny")
    visit.check("Not allowed", "denied", "The program got no key.")
    assert poll(cloud, codes)["error"] == "access_denied"


def test_codes_that_are_wrong_or_expired(visit: Visit, cloud: RunningCloud, storage: str) -> None:
    visit.open("/login")
    visit.sign_in()
    for label, code in (("wrong", "BBBB-BBBB"), ("expired", expired_code(storage))):
        visit.open("/login/device")
        visit.page.get_by_label("The code that the program shows").fill(code)
        visit.press("Go on")
        visit.check(ENTRY, f"{label} code", UNKNOWN)
    codes = ask(cloud)
    visit.page.goto(codes["verification_uri_complete"])
    other = visit.page.context.new_page()
    other.goto(codes["verification_uri_complete"])
    other.get_by_role("button", name="Deny").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Not allowed")
    other.close()
    visit.press("Allow")
    visit.check(ENTRY, "answered code", UNKNOWN)
    assert poll(cloud, codes)["error"] == "access_denied"
