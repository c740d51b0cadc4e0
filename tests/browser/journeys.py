"""The journey of a user through the pages, with screenshots and accessibility checks."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.pixels import artifact_folder
from tests.support.populated_cloud import Appearance, in_each_scheme
from tests.support.users import RunningCloud


@dataclass
class Journey:
    """A user in a browser window; each screenshot is taken in the light and the dark colour scheme.

    Attributes:
        cloud: the cloud.
        appearance: the size of the window.
        page: the page of the browser.
        home: the home folder of the user's programs.
        shots: the number of screenshots so far.
    """

    cloud: RunningCloud
    appearance: Appearance
    page: Page
    home: Path
    shots: int = 0

    @property
    def name(self) -> str:
        """The username."""
        return f"grace-{self.appearance}"

    @property
    def email(self) -> str:
        """The email address."""
        return f"{self.name}@example.com"

    def check(self, label: str, page: Page | None = None) -> None:
        """Save screenshots; check that the page does not scroll sideways and is accessible."""
        page = page or self.page
        folder = artifact_folder("journeys")
        folder.mkdir(parents=True, exist_ok=True)
        self.shots += 1
        for appearance in in_each_scheme(page, self.appearance):
            page.screenshot(path=folder / f"{appearance}-{self.shots:02} {label}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= appearance.width, label
            assert violations(page) == [], (label, appearance)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def expect_heading(self, text: str) -> None:
        """Wait until the page has this heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)
